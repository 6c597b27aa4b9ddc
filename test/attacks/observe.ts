/** What came of an attack: what a gate's start says, and the check of the log before and after it, and what is there then. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readLog } from '../../agent/audit/index.ts'
import { AgentError } from '../../agent/errors.ts'
import { readKey } from '../../agent/key-file.ts'
import type { Ledger } from '../../agent/ledger.ts'
import {
  type Finding,
  isProblem,
  type NoteKey,
  noteKey,
  type Verification,
  verifyLog,
} from '../../agent/verify/index.ts'
import { verifyHidden } from '../../agent/verify-hidden.ts'
import type { Anchor, Observation, Saying } from './attack.ts'
import { differences, fingerprintOf } from './fingerprint.ts'
import { nameOf, publicKeyOf } from './forge.ts'
import type { Scene } from './scene.ts'
import { SIZES } from './site.ts'

/** The name by which the checkpoint that was kept elsewhere is given to the check. */
const KEPT = 'the kept checkpoint'

/** What a start may change of a log that it refuses: the number in the lock, and the empty folder for a journal. */
const NO_EVIDENCE = ['log', 'log/lock', 'log/journal']

/** Starts a gate on what the attacker left, and looks at everything. */
export async function observe(scene: Scene): Promise<Observation> {
  const said: Record<Anchor, Saying[]> = { none: [], kept: [], witness: [] }
  const vouchedFor = { none: publishedSize(scene), kept: SIZES.anchor, witness: await scene.witnessedSize() }
  const files = fingerprintOf(scene.root)
  const left = await check(scene)
  const ledger = await orRefusal(() => scene.open())
  if (ledger instanceof AgentError) {
    requireUntouched(scene, ledger, files)
    said.none.push(saying('opening', scene.words(ledger.message)), ...sayings(scene, left))
    said.kept.push(...sayingsOfKept(scene, left))
    const { intact } = await compareRecords(scene)
    return { harmedFrom: intact, noted: [], said, vouchedFor }
  }
  try {
    said.witness.push(...(await askWitness(scene, ledger)))
    const { intact, isWhole, noted, erased } = await compareRecords(scene)
    const hidden = await compareHidden(scene, ledger, intact)
    const harmedFrom = Math.min(isWhole ? Number.POSITIVE_INFINITY : intact, hidden)
    const now = await check(scene)
    said.none.push(...erased, ...sayings(scene, now), ...(await checkHidden(scene, now)))
    said.kept.push(...sayingsOfKept(scene, now))
    // What the start has mended, or what an honest crash leaves too.
    const before = [...sayings(scene, left), ...sayings(scene, left, 'notice')]
      .filter(({ text }) => !said.none.some((other) => other.text === text))
      .map((one): Saying => ({ ...one, by: 'verify before the start' }))
    return {
      harmedFrom: Number.isFinite(harmedFrom) ? harmedFrom : null,
      noted: [...before, ...noted],
      said,
      // No head vouches for what lies in the side table.
      vouchedFor: hidden < intact ? { none: null, kept: null, witness: null } : vouchedFor,
    }
  } finally {
    await ledger.close()
  }
}

/** What lies in the folder vouches for something only as far as the attacker left it as it was. */
function publishedSize(scene: Scene): number | null {
  const path = scene.path('checkpoint')
  const isTheirs = !existsSync(path) || readFileSync(path, 'utf8') !== scene.site.heads.get(SIZES.published)
  return isTheirs ? null : SIZES.published
}

/** A log that is refused is evidence. (A vault is looked at when the log is open already.) */
function requireUntouched(
  scene: Scene,
  { message }: AgentError,
  before: ReturnType<typeof fingerprintOf>,
): void {
  const changed = differences(before, fingerprintOf(scene.root)).filter((path) => !NO_EVIDENCE.includes(path))
  if (!message.startsWith('vault') && changed.length > 0)
    throw new Error(`what was refused was changed: ${changed.join(', ')}`)
}

/** What the work answers, or one of our own errors. Anything else that is thrown is a fault. */
export async function orRefusal<T>(work: () => Promise<T>): Promise<T | AgentError> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof AgentError) return error
    throw error
  }
}

/** As `audit verify` does: against the key that lies beside the log. */
function check(scene: Scene): Promise<Verification | AgentError> {
  const note = Buffer.from(scene.site.heads.get(SIZES.anchor) ?? '')
  return orRefusal(async () => {
    const key = await ownKey(scene.root)
    return await verifyLog(scene.logDir, { earlier: [{ name: KEPT, note }], ...(key && { key }) })
  })
}

async function ownKey(root: string): Promise<NoteKey | undefined> {
  const [machine, log] = [await readKey(root, 'machine'), await readKey(root, 'log')]
  if (machine === undefined || log === undefined) return undefined
  const key = noteKey('log', `portcullis/m-${nameOf(machine)}/l-${nameOf(log)}`, publicKeyOf(log))
  return isProblem(key) ? undefined : key
}

const saying = (by: Saying['by'], text: string, place: string | null = null): Saying => ({ by, place, text })

/** What a check found without the kept checkpoint. */
function sayings(
  scene: Scene,
  found: Verification | AgentError,
  severity: Finding['severity'] = 'damage',
): readonly Saying[] {
  if (!(found instanceof AgentError))
    return found.findings
      .filter((finding) => finding.severity === severity && !finding.message.includes(KEPT))
      .map((finding) => sayingOf(scene, 'verify', finding))
  return severity === 'notice' ? [] : [saying('verify', scene.words(found.message))]
}

/** And with it. */
function sayingsOfKept(scene: Scene, found: Verification | AgentError): readonly Saying[] {
  if (found instanceof AgentError) return []
  return found.findings
    .filter(({ message }) => message.includes(KEPT))
    .map((finding) => sayingOf(scene, KEPT, finding))
}

function sayingOf(scene: Scene, by: Saying['by'], finding: Finding): Saying {
  return saying(by, `${scene.words(finding.message)} (${finding.code})`, placeOf(finding))
}

function placeOf({ index, file }: Finding): string | null {
  return index === null ? file : `record ${index}`
}

/** What comes of it when the gate asks the witness at its start. */
async function askWitness(scene: Scene, { log }: Ledger): Promise<readonly Saying[]> {
  const neighbour = await scene.witness()
  const client = neighbour.client({ log, logDir: scene.logDir })
  try {
    return (await client.askSizes()).flatMap(({ finding, error }): Saying[] => {
      if (finding === null) return error === null ? [] : [saying('the witness', error)]
      const proof = finding.isProven ? ', and shows that head, which the log signed' : ''
      const text = `${finding.status}, ${finding.kind}: it knows ${finding.witnessSize} records${proof}`
      return [saying('the witness', text)]
    })
  } finally {
    await client.close()
    await neighbour.close()
  }
}

interface Compared {
  /** How many records from the first on are as they were. */
  readonly intact: number
  /** Whether those are all, and nothing was added but what a start itself has to say. */
  readonly isWhole: boolean
  /** That it cut something off, as after a crash; that something was erased, and nobody had said so. */
  readonly noted: readonly Saying[]
  readonly erased: readonly Saying[]
}

async function compareRecords(scene: Scene): Promise<Compared> {
  const { records } = scene.site.truth
  const [noted, erased]: [Saying[], Saying[]] = [[], []]
  let intact = 0
  let isAstray = false
  await orRefusal(async () => {
    for await (const { index, record } of readLog(scene.logDir)) {
      const place = `record ${index}`
      if (!isAstray && JSON.stringify(record) === records[index]) intact = index + 1
      else if (record.kind === 'tail-truncated')
        noted.push(
          saying('opening', 'it cut off what stood behind the last commit (`tail-truncated`)', place),
        )
      else if (record.kind === 'erasure')
        erased.push(saying('opening', 'it put an erasure on record that nobody had (`erasure`)', place))
      else isAstray = true
    }
  })
  return { intact, isWhole: intact === records.length && !isAstray, noted, erased }
}

/**
 * The first record whose hidden members are gone; infinity if there is none. That others are told instead is a fault. A
 * side table that nobody touched is as it was.
 */
async function compareHidden(scene: Scene, { vault }: Ledger, size: number): Promise<number> {
  if (!isVaultTouched(scene)) return Number.POSITIVE_INFINITY
  let first = Number.POSITIVE_INFINITY
  for (const [index, { sealed, fields }] of scene.site.truth.hidden) {
    const row = index < size ? await vault.open(sealed) : { fields: JSON.parse(fields) as object }
    if (!('fields' in row)) first = Math.min(first, index)
    else if (JSON.stringify(row.fields) !== fields) throw new Error(`record ${index} hides something else`)
  }
  return first
}

/** As `audit verify` does where the log itself is whole. */
async function checkHidden(scene: Scene, log: Verification | AgentError): Promise<readonly Saying[]> {
  if (log instanceof AgentError || !log.ok || !isVaultTouched(scene)) return []
  const { logDir, vaultDir } = scene
  const { wrappingKey } = scene.site.state
  const found = await orRefusal(() => verifyHidden({ logDir, vaultDir, wrappingKey }))
  if (found instanceof AgentError) return [saying('verify', scene.words(found.message))]
  return found.findings.map(({ code, index, message }) =>
    saying(
      'verify',
      `${scene.words(message.replace(/s-[0-9a-f]{16}/g, 'one person'))} (${code})`,
      index === null ? null : `record ${index}`,
    ),
  )
}

function isVaultTouched(scene: Scene): boolean {
  const before = join(scene.site.folders.end, 'vault')
  return differences(fingerprintOf(before), fingerprintOf(scene.vaultDir)).length > 0
}
