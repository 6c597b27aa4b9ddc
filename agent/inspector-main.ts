/**
 * The inspector: copies one job into the spool, surveys and judges it, says what it found, and ends. It is a process of
 * its own because the job may be hostile: whatever that costs, the gate's line path does not pay for it. It touches no
 * printer and no log, and knows nothing but what it is told on standard input.
 */
import fs from 'node:fs'
import os from 'node:os'
import { AgentError } from './errors.ts'
import {
  DIGESTS_PIECE_BYTES,
  type Finding,
  failureOf,
  INSPECTION_BYTES_MAX,
  INSPECTOR_NICENESS,
  type Inspection,
  inspection,
} from './inspect-messages.ts'
import { judgeJob } from './judge-job.ts'
import { type LoadedPolicy, loadPolicy } from './load-policy.ts'
import { copyJob, createBlockHasher, openSource } from './spool/index.ts'

/** Where memory runs out, the kernel ends this process before any other. */
const OOM_SCORE_ADJUST = 1000

/** Often enough for a bar on a screen. */
const PROGRESS_MS = 100

stepBack()
// A signal to the whole process group is for the gate to act on, and the gate ends this process.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
process.stdout.on('error', endAtOnce)

try {
  for (const finding of await inspect(await hearRequest())) tell(finding)
} catch (error) {
  if (error instanceof AgentError) tell(failureOf(error.code, error.sentences))
  else tell(failureOf(null, [error instanceof Error ? error.message : String(error)]))
}
// All is said; that standard input closes now says nothing of the gate.
process.stdin.removeAllListeners('close').destroy()

/** Gives way to everybody else: all threads of this process, for each has a niceness of its own. */
function stepBack(): void {
  for (const thread of fs.readdirSync('/proc/self/task')) {
    try {
      os.setPriority(Number(thread), INSPECTOR_NICENESS)
    } catch {
      // It has ended meanwhile.
    }
  }
  try {
    fs.writeFileSync('/proc/self/oom_score_adj', `${OOM_SCORE_ADJUST}`)
  } catch {
    // Some containers do not let us; the gate watches our memory as well.
  }
}

/** The first line of standard input. From then on its end means that the gate is gone, and that nobody will ever ask. */
function hearRequest(): Promise<Inspection> {
  return new Promise((resolve, reject) => {
    let length = 0
    const parts: string[] = []
    process.stdin.setEncoding('utf8')
    for (const event of ['end', 'error', 'close']) process.stdin.on(event, endAtOnce)
    process.stdin.on('data', (text: string) => {
      length += text.length
      if (length > INSPECTION_BYTES_MAX) endAtOnce()
      const end = text.indexOf('\n')
      parts.push(end === -1 ? text : text.slice(0, end))
      if (end === -1) return
      process.stdin.removeAllListeners('data').resume()
      try {
        resolve(inspection.parse(JSON.parse(parts.join(''))))
      } catch (error) {
        reject(error)
      }
    })
  })
}

async function inspect(order: Inspection): Promise<readonly Finding[]> {
  const { name, sealingKey, licenceText, declared, user } = order
  const loaded = samePolicy(order)
  const opened = { ...(await openSource({ path: order.source })), name }
  const blocks = createBlockHasher()
  const { decision, licence, lists, isSealed } = await judgeJob({
    name,
    loaded,
    // What is judged is what was written to the copy, and each block of it must be the same when it is printed.
    chunks: copyJob(order.copyPath, opened),
    alsoHash: (chunk) => blocks.update(chunk),
    ...(sealingKey !== undefined && { sealingKey }),
    place: order.place,
    nowMs: order.nowMs,
    progress: reporter(),
    ...(licenceText !== undefined && { licenceText }),
    ...(declared !== undefined && { declared }),
    ...(user !== undefined && { user }),
  }).finally(() => opened.close())
  const { bytes, sha256s } = blocks.digest()
  return [
    ...pieces(sha256s),
    { kind: 'judged', decision, lists, isSealed, bytes, ...(licence !== undefined && { licence: licence }) },
  ]
}

/** The gate judges each line by the policy that it has in memory: a job is judged by no other. */
function samePolicy(order: Inspection): LoadedPolicy {
  const loaded = loadPolicy(order.policyPath)
  if (loaded.sha256 === order.policySha256) return loaded
  const message = `policy \`${order.policyPath}\` changed since the gate read it; restart the gate`
  throw new AgentError('POLICY_INVALID', message)
}

function reporter(): (bytes: number) => void {
  // The first chunk is told at once: whoever waits sees that it goes on.
  let saidAtMs = Number.NEGATIVE_INFINITY
  return (bytes) => {
    const nowMs = performance.now()
    if (nowMs - saidAtMs < PROGRESS_MS) return
    saidAtMs = nowMs
    tell({ kind: 'progress', bytes })
  }
}

function pieces(sha256s: Uint8Array): readonly Finding[] {
  const bytes = Buffer.from(sha256s.buffer, sha256s.byteOffset, sha256s.length)
  const found: Finding[] = []
  for (let start = 0; start < bytes.length; start += DIGESTS_PIECE_BYTES) {
    const piece = bytes.subarray(start, start + DIGESTS_PIECE_BYTES)
    found.push({ kind: 'digests', base64: piece.toString('base64') })
  }
  return found
}

function tell(finding: Finding): void {
  process.stdout.write(`${JSON.stringify(finding)}\n`)
}

/** Nobody listens any more, and nothing here needs an orderly end: the spool is cleared by whoever comes next. */
function endAtOnce(): never {
  process.kill(process.pid, 'SIGKILL')
  throw new Error('ended')
}
