/** The rules by their names: their words, and how a finding is named after its rule. */
import { ONLY, type Rule } from './rule.ts'
import { RULES } from './rules/index.ts'

export { RULES }

/** No rule of its own: so much was found that some of it is held back. */
export const FLOOD = 'incident-flood'
/** Of a rule that this version does not have. */
export const UNKNOWN = 'unknown-rule'

/** What people are told of a rule. */
export type RuleText = Pick<
  Rule,
  'id' | 'titles' | 'meaning' | 'innocent' | 'remedy' | 'confidence' | 'windowSeconds'
>

const OTHER_TEXTS: readonly RuleText[] = [
  {
    id: FLOOD,
    titles: { [ONLY]: 'more incidents were found than may be raised in an hour' },
    meaning: 'What is raised within the hour is not all that was found: somebody may be making noise.',
    innocent: 'A bad day: one fault can show in several rules.',
    remedy: 'List the incidents from the log itself, which holds back none.',
    confidence: 'high',
    windowSeconds: 3600,
  },
  {
    id: UNKNOWN,
    titles: { [ONLY]: 'an incident of a rule that this version does not know' },
    meaning: 'Another version of the agent raised it.',
    innocent: 'The agent was changed for an older one.',
    remedy: 'Read the records between the first and the last.',
    confidence: 'low',
    windowSeconds: null,
  },
]

const texts: ReadonlyMap<string, RuleText> = new Map([...RULES, ...OTHER_TEXTS].map((one) => [one.id, one]))

export function ruleText(id: string): RuleText | undefined {
  return texts.get(id)
}

export function titleOf(id: string, form: string): string {
  return texts.get(id)?.titles[form] ?? 'an incident'
}

/** `probing-subject-120`: the rule, its form if it has several, and the index of the first record. */
export function uidOf(rule: string, form: string, first: number): string {
  return form === ONLY ? `${rule}-${first}` : `${rule}-${form}-${first}`
}

/** The form of a rule that a uid names; undefined where it is not one that this version would give. */
export function formOf(rule: string, uid: string, first: number): string | undefined {
  const forms = Object.keys(texts.get(rule)?.titles ?? {})
  return forms.find((form) => uidOf(rule, form, first) === uid)
}
