/** Writes down what came of the attacks: `agent/audit/ATTACKS.md`. */
import {
  ANCHORS,
  type Anchor,
  type Attack,
  type Family,
  NEEDS,
  type Observation,
  type Outcome,
  outcomeOf,
  type Saying,
} from './attack.ts'
import { SIZES } from './site.ts'

/** Of what is said more than once, so much is told. */
const SAYINGS_MAX = 1
const NOTED_MAX = 2

const OUTCOMES: readonly Outcome[] = ['prevented', 'detected', 'bounded', 'not defended']

const ANCHOR_WORDS: Readonly<Record<Anchor, string>> = {
  none: 'without an anchor',
  kept: 'checkpoint kept elsewhere',
  witness: 'witness elsewhere',
}

/** What came of each attack, by its id. */
export type Results = ReadonlyMap<string, Observation>

export function documentOf(families: readonly Family[], results: Results): string {
  const sections = families.map((family) => sectionOf(family, results))
  return [HEAD, countsOf(families, results), ...sections].join('\n\n').concat('\n')
}

const LEGEND = Object.values(NEEDS)
  .map(([word, meaning]) => `*${word}*: ${meaning}`)
  .join('; ')

const HEAD = `# Attacks on the log, and what comes of each

Made by \`test/attacks\`, which does each of them to a real log and looks at what happened. Do not edit it: \`UPDATE=1\` with that test writes it anew. The format is in [FORMAT.md](../log-format/FORMAT.md).

A log has ${SIZES.end} records when its gate is killed; its checkpoint covers ${SIZES.published}. Copies of the state folder were made at ${SIZES.old} and at ${SIZES.recent} records. The *anchor* is a head of ${SIZES.anchor} records that is out of the attacker's reach:

- *checkpoint kept elsewhere*: somebody gives that checkpoint to \`portcullis audit verify --against\`. The head in any receipt or proof is such a checkpoint.
- *witness elsewhere*: a witness on another machine has cosigned that head; it is asked when a gate starts, and shown each later head. How far behind it is, is how much is left to an attacker: with a gate that runs, what came since its last answer.

What comes of an attack is what is so after a gate was started once more on what the attacker left:

- \`prevented\`: every record is as it was, and none is added. What was changed beside them is mended, refused, or of no use.
- \`detected\`: it is said, by the gate that does not start, by every check from then on, or by the anchor; and the place is named.
- \`bounded\`: nobody says so, and only what came after the last head out of the attacker's hands can be changed or lost. Without an anchor that is the checkpoint in the folder, where the attacker left it as it was.
- \`not defended\`: nobody says so.

What an attacker has: ${LEGEND}. Who has all the rights of the gate's user has the keys too: for them the rows with a key are those that count, and without an anchor nothing is defended. What is lost stays lost: the log tells of it, and is no backup.
Receipts and proofs that were made before verify whatever becomes of the log: they need nothing of it.`

function countsOf(families: readonly Family[], results: Results): string {
  const all = families.flatMap(({ attacks }) => attacks)
  const rows = ANCHORS.map((anchor) => {
    const counts = OUTCOMES.map(
      (outcome) => all.filter((attack) => outcomeAt(attack, anchor, results) === outcome).length,
    )
    return row([ANCHOR_WORDS[anchor], ...counts.map(String)])
  })
  return [row([`of ${all.length}`, ...OUTCOMES]), rule(1 + OUTCOMES.length), ...rows].join('\n')
}

function sectionOf({ title, note, attacks }: Family, results: Results): string {
  const head = row([
    'attack',
    'attacker has',
    ...ANCHORS.map((anchor) => ANCHOR_WORDS[anchor]),
    'what is said, and where',
  ])
  const rows = attacks.map((attack) => {
    const observed = results.get(attack.id)
    const outcomes = ANCHORS.map((anchor) => outcomeAt(attack, anchor, results))
    const needs = attack.needs.map((need) => NEEDS[need][0]).join(', ')
    return row([
      attack.what,
      needs,
      ...outcomes,
      observed === undefined ? '' : (observed.summary ?? wordsOf(observed)),
    ])
  })
  return [`## ${title}`, ...(note === undefined ? [] : ['', note]), '', head, rule(6), ...rows].join('\n')
}

function outcomeAt({ id }: Attack, anchor: Anchor, results: Results): Outcome | '' {
  const observed = results.get(id)
  return observed === undefined ? '' : outcomeOf(observed, anchor)
}

/** What is said, of each who says something the first. Where it needs no anchor, what anchors say is left out. */
function wordsOf({ said: { none, kept, witness }, noted }: Observation): string {
  const by = new Map<Saying['by'], Saying[]>()
  for (const saying of none.length > 0 ? none : [...kept, ...witness])
    by.set(saying.by, [...(by.get(saying.by) ?? []), saying])
  const told = [...by.values()].flatMap((sayings) => sayings.slice(0, SAYINGS_MAX))
  return [...told, ...noted.slice(0, NOTED_MAX)].map(phrase).join('<br>')
}

function phrase({ by, place, text }: Saying): string {
  const words = text.replace(/^log `\/state\/log` is /, '')
  const isPlaceTold = place === null || words.includes(place)
  return `*${by}*: ${isPlaceTold ? '' : `${place}: `}${words}`
}

const row = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
const rule = (columns: number): string => `|${' --- |'.repeat(columns)}`
