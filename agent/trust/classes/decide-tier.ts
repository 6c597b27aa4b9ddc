/**
 * Which tier a job falls into: a few questions that a person answers. Whoever does not know gives the careful answer,
 * and is told so. An aid, and no legal advice.
 */
import type { LicenceTier } from '../tiers.ts'

export interface TierAnswer {
  readonly value: string
  readonly words: string
  /** The question that follows; null where the answer decides. */
  readonly next: string | null
  readonly outcome: TierOutcome | null
}

export interface TierOutcome {
  readonly tier: LicenceTier
  readonly why: string
}

export interface TierQuestion {
  readonly id: string
  readonly ask: string
  readonly answers: readonly TierAnswer[]
}

const ask = (value: string, words: string, next: string): TierAnswer => ({
  value,
  words,
  next,
  outcome: null,
})
const end = (value: string, words: string, tier: LicenceTier, why: string): TierAnswer => ({
  value,
  words,
  next: null,
  outcome: { tier, why },
})

const FIRST_QUESTION = 'weapon'

/** The whole tree, as data: each answer leads to a question further down, or to a tier. */
export const TIER_QUESTIONS: readonly TierQuestion[] = [
  {
    id: 'weapon',
    ask: 'Is it a weapon or ammunition, or a part made for one (frame, receiver, silencer, magazine, fuze)?',
    answers: [
      end(
        'yes',
        'it is',
        'restricted',
        'weapons and their parts are printed under a licence of this tier only',
      ),
      end(
        'unknown',
        'nobody knows',
        'restricted',
        'as long as nobody can rule a weapon out, it counts as one',
      ),
      ask('no', 'it is not', 'military'),
    ],
  },
  {
    id: 'military',
    ask: 'Was it made or changed for military use, so that a munitions list could name it?',
    answers: [
      end('yes', 'it was', 'restricted', 'what a munitions list names needs a licence of this tier'),
      end(
        'unknown',
        'nobody knows',
        'restricted',
        'as long as nobody can rule it out, it counts as military',
      ),
      ask('no', 'it was not', 'dual-use'),
    ],
  },
  {
    id: 'dual-use',
    ask: 'Does a list of dual-use goods name it (Wassenaar, Regulation (EU) 2021/821 annex I, Commerce Control List)?',
    answers: [
      end(
        'yes',
        'one does',
        'controlled',
        'what a dual-use list names needs a known destination and end user',
      ),
      end('unknown', 'nobody looked', 'controlled', 'as long as nobody has looked, it counts as listed'),
      ask('no', 'none does', 'harm'),
    ],
  },
  {
    id: 'harm',
    ask: 'Could somebody die or be badly hurt if the part fails in use (load, pressure, brakes, implant, aircraft)?',
    answers: [
      end(
        'yes',
        'yes',
        'controlled',
        'a part that can hurt badly needs a known material, process and operator',
      ),
      end(
        'unknown',
        'nobody knows',
        'controlled',
        'as long as nobody can rule it out, it counts as dangerous',
      ),
      ask('no', 'no', 'regulated'),
    ],
  },
  {
    id: 'regulated',
    ask: 'Does a safety rule ask somebody to answer for it (medical device, toy, food contact, mains, protection)?',
    answers: [
      end('yes', 'one does', 'registered', 'whoever answers for it must know how many there are and where'),
      ask('no', 'none does', 'rights'),
      end('unknown', 'nobody knows', 'registered', 'as long as nobody knows, its copies are counted'),
    ],
  },
  {
    id: 'rights',
    ask: 'Does somebody hold rights in the design, or want its copies counted?',
    answers: [
      end('yes', 'somebody does', 'registered', 'copies that somebody counts need a licence with a count'),
      end('no', 'nobody does', 'open', 'nothing asks for more'),
    ],
  },
]

export interface TierStep {
  readonly question: string
  readonly answer: string
}

export type TierDecision =
  | { readonly kind: 'decided'; readonly outcome: TierOutcome; readonly path: readonly TierStep[] }
  /** The answers do not reach an end: this question is next. */
  | { readonly kind: 'asking'; readonly question: TierQuestion; readonly path: readonly TierStep[] }
  /** An answer that its question does not have, or one to a question that there is not. */
  | { readonly kind: 'wrong'; readonly question: string; readonly answer: string }

/** Follows the answers from the first question on. Answers to questions that are not reached are not looked at. */
export function decideTier(answers: Readonly<Record<string, string>>): TierDecision {
  const stray = Object.entries(answers).find(([id]) => !TIER_QUESTIONS.some((question) => question.id === id))
  if (stray !== undefined) return { kind: 'wrong', question: stray[0], answer: stray[1] }
  const path: TierStep[] = []
  // In the order of the list, for no answer leads back.
  let next: string = FIRST_QUESTION
  for (const question of TIER_QUESTIONS) {
    if (question.id !== next) continue
    const given = Object.hasOwn(answers, question.id) ? answers[question.id] : undefined
    if (given === undefined) return { kind: 'asking', question, path }
    const answer = question.answers.find(({ value }) => value === given)
    if (answer === undefined) return { kind: 'wrong', question: question.id, answer: given }
    path.push({ question: question.id, answer: given })
    if (answer.outcome !== null) return { kind: 'decided', outcome: answer.outcome, path }
    next = answer.next ?? ''
  }
  // Only a tree that leads nowhere gets here, and a test walks all of it.
  const outcome: TierOutcome = {
    tier: 'restricted',
    why: 'no question decided it, so the tightest tier does',
  }
  return { kind: 'decided', outcome, path }
}
