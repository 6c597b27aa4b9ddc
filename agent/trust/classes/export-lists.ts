/**
 * Classes of export control: a choice of those that a part from a printer could fall into, or a machine or material that
 * makes one. What the lists say in full is in the lists: titles here are short forms, thresholds are left out.
 */
import { type ClassEntry, type CrosswalkEntry, entriesOf, type Regime, type Row } from './class-entry.ts'

export const WASSENAAR: Regime = {
  id: 'wa',
  title: 'Wassenaar Arrangement: dual-use goods and munitions',
  source: 'Wassenaar Arrangement, List of Dual-Use Goods and Technologies and Munitions List (WA-LIST)',
}

export const EU_DUAL_USE: Regime = {
  id: 'eu',
  title: 'European Union: dual-use items',
  source: 'Regulation (EU) 2021/821, annex I',
}

export const EU_MILITARY: Regime = {
  id: 'eu-ml',
  title: 'European Union: common military list',
  source: 'Common Military List of the European Union (Common Position 2008/944/CFSP)',
}

export const US_ECCN: Regime = {
  id: 'us-eccn',
  title: 'United States: Commerce Control List',
  source: '15 CFR part 774, supplement no. 1',
}

export const US_USML: Regime = {
  id: 'us-usml',
  title: 'United States: Munitions List',
  source: '22 CFR 121.1',
}

/** Items that all three lists took from Wassenaar under the same number: category, group, number, title. */
const SHARED: readonly (readonly [category: number, group: string, number: number, title: string])[] = [
  [1, 'A', 2, 'composite structures or laminates'],
  [1, 'A', 4, 'protective and detection equipment'],
  [1, 'A', 5, 'body armour and its components'],
  [1, 'B', 1, 'equipment that makes or inspects composites and fibres'],
  [1, 'C', 2, 'metal alloys, their powders and alloyed materials'],
  [1, 'C', 8, 'polymers without fluorine, such as polyimides'],
  [1, 'C', 10, 'fibrous or filamentary materials'],
  [2, 'B', 1, 'machine tools for cutting metals, ceramics or composites'],
  [2, 'B', 6, 'machines and devices that measure dimensions'],
  [3, 'A', 1, 'electronic items'],
  [5, 'A', 2, 'systems and equipment for information security'],
  [6, 'A', 3, 'cameras, and parts for them'],
  [6, 'A', 5, 'lasers, and parts for them'],
  [7, 'A', 3, 'inertial measurement equipment'],
  [8, 'A', 1, 'submersible vehicles and surface vessels'],
  [9, 'A', 1, 'aero gas turbine engines'],
  [9, 'A', 12, 'unmanned aerial vehicles, their systems and components'],
  [9, 'B', 1, 'equipment that makes gas turbine blades, vanes or tip shrouds'],
  [9, 'E', 3, 'other technology, of gas turbine engine components above all'],
]

const wassenaarCode = ([category, group, number]: (typeof SHARED)[number]): string =>
  `${category}.${group}.${number}`
const nationalCode = ([category, group, number]: (typeof SHARED)[number]): string =>
  `${category}${group}${String(number).padStart(3, '0')}`

/** Munitions that share their number in both lists, with the category of the American one that is nearest. */
const MUNITIONS: readonly (readonly [number: string, title: string, usml: string])[] = [
  ['ML1', 'smooth-bore weapons below 20 mm, other small arms, and their components', 'I'],
  ['ML2', 'weapons of 20 mm and more, other armament, and their components', 'II'],
  ['ML3', 'ammunition and fuze setting devices, and their components', 'III'],
  ['ML4', 'bombs, torpedoes, rockets, missiles, and their components', 'IV'],
  ['ML6', 'ground vehicles for military use, and their components', 'VII'],
  ['ML10', 'aircraft and unmanned aircraft for military use, and their components', 'VIII'],
  ['ML13', 'armoured or protective equipment for military use', 'X'],
]

const USML_ROWS: readonly Row[] = [
  ['I', 'firearms and related articles', 'restricted', 'frames, receivers and silencers are among them'],
  ['II', 'guns and armament', 'restricted'],
  ['III', 'ammunition and ordnance', 'restricted'],
  ['IV', 'launch vehicles, missiles, rockets, bombs and mines', 'restricted'],
  ['VII', 'ground vehicles', 'restricted'],
  ['VIII', 'aircraft and related articles', 'restricted'],
  ['X', 'personal protective equipment', 'restricted'],
  ['XII', 'fire control, laser, imaging and guidance equipment', 'restricted'],
  ['XIX', 'gas turbine engines and associated equipment', 'restricted'],
  ['XX', 'submersible vessels and related articles', 'restricted'],
  ['XXI', 'articles not named elsewhere', 'restricted', 'technical data for them falls under it as well'],
]

/** Of the American list alone, or numbered there in a way that others do not share. */
const US_ROWS: readonly Row[] = [
  ['0A501', 'firearms that the Munitions List does not name, and their components', 'restricted'],
  ['0A502', 'shotguns, and their components', 'restricted'],
  ['0A504', 'optical sighting devices for firearms, and their components', 'controlled'],
  ['0A505', 'ammunition, and its components', 'restricted'],
  [
    '2B910',
    'additive manufacturing equipment for metal',
    'controlled',
    'the machine, not what it makes; a number that other lists may not have',
  ],
  [
    'EAR99',
    'subject to the regulations, and in no entry of the list',
    'open',
    'end use and end user still count',
  ],
]

export const EXPORT_REGIMES: readonly Regime[] = [WASSENAAR, EU_DUAL_USE, EU_MILITARY, US_ECCN, US_USML]

export const EXPORT_ENTRIES: readonly ClassEntry[] = [
  ...entriesOf(
    WASSENAAR,
    SHARED.map((item): Row => [wassenaarCode(item), item[3], 'controlled']),
  ),
  ...entriesOf(
    WASSENAAR,
    MUNITIONS.map(([code, title]): Row => [code, title, 'restricted']),
  ),
  ...entriesOf(
    EU_DUAL_USE,
    SHARED.map((item): Row => [nationalCode(item), item[3], 'controlled']),
  ),
  ...entriesOf(
    EU_MILITARY,
    MUNITIONS.map(([code, title]): Row => [code, title, 'restricted']),
  ),
  ...entriesOf(
    US_ECCN,
    SHARED.map((item): Row => [nationalCode(item), item[3], 'controlled']),
  ),
  ...entriesOf(US_ECCN, US_ROWS),
  ...entriesOf(US_USML, USML_ROWS),
]

const SAME_NUMBER = 'the same number by the way the list was made; notes and thresholds can differ'
const NEAREST = 'the nearest category; the edges differ, so each list has to be read'

/** An aid for whoever classifies, and no legal advice: only the lists themselves decide. */
export const CROSSWALK: readonly CrosswalkEntry[] = [
  ...SHARED.flatMap((item): readonly CrosswalkEntry[] => {
    const [wa, number] = [`wa:${wassenaarCode(item)}`, nationalCode(item)]
    return [
      { codes: [wa, `eu:${number}`], note: SAME_NUMBER, source: EU_DUAL_USE.source },
      { codes: [wa, `us-eccn:${number}`], note: SAME_NUMBER, source: US_ECCN.source },
      { codes: [`eu:${number}`, `us-eccn:${number}`], note: SAME_NUMBER, source: US_ECCN.source },
    ]
  }),
  ...MUNITIONS.flatMap(([code, , usml]): readonly CrosswalkEntry[] => [
    { codes: [`wa:${code}`, `eu-ml:${code}`], note: SAME_NUMBER, source: EU_MILITARY.source },
    { codes: [`wa:${code}`, `us-usml:${usml}`], note: NEAREST, source: US_USML.source },
    { codes: [`eu-ml:${code}`, `us-usml:${usml}`], note: NEAREST, source: US_USML.source },
  ]),
]
