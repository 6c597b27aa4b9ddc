/**
 * The tables of public statistics: how each is halved, and over which windows of time. They never depend on a log.
 */
import { TIERS } from '../log-format/index.ts'
import { cellOf, type Outcome } from './decision-index.ts'
import { leaf, type Split, split } from './splits.ts'

/** One outcome by tiers. The open tier is most of most sites, so it is told first. */
function byTier(outcome: Outcome, label: string): Split {
  const [open, registered, controlled, restricted] = TIERS.map((tier) =>
    leaf(`${outcome} ${tier}`, `${label}, ${tier}`, cellOf(outcome, tier)),
  )
  if (open === undefined || registered === undefined || controlled === undefined || restricted === undefined)
    throw new RangeError('there are four tiers')
  const strict = split(
    `${outcome} controlled+restricted`,
    `${label}, controlled or restricted`,
    controlled,
    restricted,
  )
  const others = split(`${outcome} licensed`, `${label}, any tier but open`, registered, strict)
  return split(outcome, label, open, others)
}

export const PASSED = split(
  'allow+warn',
  'let print',
  byTier('allow', 'allowed'),
  byTier('warn', 'allowed with a warning'),
)
export const STOPPED = split(
  'hold+deny',
  'held or refused',
  byTier('hold', 'held'),
  byTier('deny', 'refused'),
)
/** Decisions of one month, by outcome and tier. */
export const DECISIONS = split('all', 'all decisions', PASSED, STOPPED)

export const APPEAL_OUTCOMES = ['upheld', 'rejected', 'withdrawn'] as const
/** Appeals decided in one year. */
export const APPEALS = split(
  'all',
  'all appeals decided',
  leaf('upheld', 'upheld', 0),
  split(
    'rejected+withdrawn',
    'not upheld',
    leaf('rejected', 'rejected', 1),
    leaf('withdrawn', 'withdrawn', 2),
  ),
)

export const FINDINGS = ['sound', 'doubtful', 'wrong'] as const
/** Decisions looked at again in one year. */
export const REVIEWS = split(
  'all',
  'all decisions reviewed',
  leaf('sound', 'found sound', 0),
  split(
    'doubtful+wrong',
    'not found sound',
    leaf('doubtful', 'found doubtful', 1),
    leaf('wrong', 'found wrong', 2),
  ),
)

/** Decision times are told as the least of these that is not below them: a time itself could be one person's. */
export const TIME_STEPS_MS = [
  1000, 2000, 5000, 10_000, 20_000, 60_000, 300_000, 900_000, 3_600_000, 14_400_000, 86_400_000, 604_800_000,
] as const
/** So many times lie on both sides of a median that is told, and beyond a ninth decile, at least. */
export const TIMES_BEYOND_MIN = 10
