/** Classes of safety rules, and classes that a site gives itself where no list names what it watches. */
import { type ClassEntry, entriesOf, type Regime, type Row } from './class-entry.ts'

const SAFETY: Regime = {
  id: 'safety',
  title: 'safety of products: medical devices, pressure, protection, children',
  source: 'the rule that the title names',
}

const SITE: Regime = {
  id: 'site',
  title: 'classes of this dictionary, for what no list names',
  source: 'this dictionary',
}

const SAFETY_ROWS: readonly Row[] = [
  ['eu-mdr-I', 'medical device of class I: Regulation (EU) 2017/745, annex VIII', 'registered'],
  ['eu-mdr-IIa', 'medical device of class IIa: Regulation (EU) 2017/745, annex VIII', 'registered'],
  ['eu-mdr-IIb', 'medical device of class IIb: Regulation (EU) 2017/745, annex VIII', 'controlled'],
  ['eu-mdr-III', 'medical device of class III: Regulation (EU) 2017/745, annex VIII', 'controlled'],
  ['eu-mdr-custom', 'custom-made medical device: Regulation (EU) 2017/745, annex XIII', 'registered'],
  ['us-fda-I', 'medical device of class I: 21 CFR part 860', 'registered'],
  ['us-fda-II', 'medical device of class II: 21 CFR part 860', 'registered'],
  ['us-fda-III', 'medical device of class III: 21 CFR part 860', 'controlled'],
  [
    'eu-ped-sep',
    'pressure equipment of sound engineering practice: Directive 2014/68/EU, article 4(3)',
    'registered',
  ],
  ['eu-ped-I', 'pressure equipment of category I: Directive 2014/68/EU', 'registered'],
  ['eu-ped-II', 'pressure equipment of category II: Directive 2014/68/EU', 'registered'],
  ['eu-ped-III', 'pressure equipment of category III: Directive 2014/68/EU', 'controlled'],
  ['eu-ped-IV', 'pressure equipment of category IV: Directive 2014/68/EU', 'controlled'],
  ['eu-ppe-I', 'personal protective equipment of category I: Regulation (EU) 2016/425', 'registered'],
  ['eu-ppe-II', 'personal protective equipment of category II: Regulation (EU) 2016/425', 'registered'],
  ['eu-ppe-III', 'personal protective equipment of category III: Regulation (EU) 2016/425', 'controlled'],
  [
    'toy',
    'toy for children under 14: Directive 2009/48/EC',
    'registered',
    'small parts for those under 3 above all',
  ],
  ['child-restraint', 'child restraint in vehicles: UN Regulation No. 129', 'controlled'],
  ['child-care', 'article for the care of small children, such as cots and soothers', 'controlled'],
  ['food-contact', 'material in contact with food: Regulation (EC) No 1935/2004', 'registered'],
  ['mains', 'housing or part of equipment at mains voltage: Directive 2014/35/EU', 'registered'],
  [
    'lifting',
    'lifting accessory or part that carries a load over people: Directive 2006/42/EC',
    'controlled',
  ],
  ['vehicle-braking', 'part of a brake of a road vehicle: UN Regulations No. 13 and No. 90', 'controlled'],
  ['aircraft-part', 'part for a certified aircraft: Regulation (EU) No 748/2012, part 21', 'controlled'],
]

const SITE_ROWS: readonly Row[] = [
  [
    'unclassified',
    'looked at, and in no class',
    'open',
    'says that somebody looked, which leaving it out does not',
  ],
  ['own-design', 'design whose holder wants its copies counted', 'registered'],
  ['key', 'key or part of a lock', 'registered', 'a copy opens a door'],
  ['security-part', 'part of a seal, a safe or an access system', 'controlled'],
  ['look-alike', 'look-alike of a weapon', 'controlled', 'many countries restrict it like a weapon'],
  ['drone-payload', 'release device or mount for loads under a drone', 'controlled'],
  ['firearm-part', 'firearm, essential part of one, silencer or magazine', 'restricted'],
]

export const SAFETY_REGIMES: readonly Regime[] = [SAFETY, SITE]

export const SAFETY_ENTRIES: readonly ClassEntry[] = [
  ...entriesOf(SAFETY, SAFETY_ROWS),
  ...entriesOf(SITE, SITE_ROWS),
]
