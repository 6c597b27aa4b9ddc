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

const HEAD = `# Attacks on the log, and what comes of each

Made by \`test/attacks\`, which does each of them to a real log and looks at what happened; do not edit it. \`UPDATE=1\` with that test writes it anew.

The log has ${SIZES.end} records when its gate is killed. Its last published checkpoint covers ${SIZES.published}. A copy of the state folder was made at ${SIZES.old} records, and another at ${SIZES.recent}. The *anchor* is a
head of ${SIZES.anchor} records, out of the attacker's reach:

- *checkpoint kept elsewhere*: somebody kept that checkpoint, and gives it to \`portcullis audit verify --against\`. The head in any receipt or proof is one.
- *witness elsewhere*: a witness on another machine has cosigned that head. The gate asks it at its start, and shows it each later head. One on this machine counts for nothing: it would be put back with the log.

What comes of an attack is what is so after the gate has been started once more on what the attacker left:

- \`prevented\`: every record is as it was and nothing is added; what was changed beside them is mended, refused or of no use.
- \`detected\`: somebody says so: the gate that does not start, every check from then on, or the anchor.
- \`bounded\`: nobody says so, but only what came after the last head that is out of the attacker's hands can be changed or lost. Without an anchor that is the checkpoint in the folder, where the attacker left it as it was.
- \`not defended\`: nobody says so.

A record that is lost stays lost: the log tells, it is no backup. Receipts and proofs that were made before verify after each of these attacks.`

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
    'the attacker',
    ...ANCHORS.map((anchor) => ANCHOR_WORDS[anchor]),
    'what is said, and where',
  ])
  const rows = attacks.map((attack) => {
    const observed = results.get(attack.id)
    const outcomes = ANCHORS.map((anchor) => outcomeAt(attack, anchor, results))
    const needs = attack.needs.map((need) => NEEDS[need]).join('; ')
    return row([attack.what, needs, ...outcomes, observed === undefined ? '' : wordsOf(observed)])
  })
  return [`## ${title}`, ...(note === undefined ? [] : ['', note]), '', head, rule(6), ...rows].join('\n')
}

function outcomeAt({ id }: Attack, anchor: Anchor, results: Results): Outcome | '' {
  const observed = results.get(id)
  return observed === undefined ? '' : outcomeOf(observed, anchor)
}

/** What is said, of each who says something the first. */
function wordsOf({ said, noted }: Observation): string {
  const by = new Map<Saying['by'], Saying[]>()
  for (const saying of [...said.none, ...said.kept, ...said.witness])
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
