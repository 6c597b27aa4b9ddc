import { rmSync } from 'node:fs'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AgentError, systemErrorCode, systemReason } from '../errors.ts'
import { createIssuer, issueLicence } from '../issuer/index.ts'
import { type Ledger, openLedger, readLedger } from '../ledger.ts'
import { describeLicence, readLicence } from '../licence/index.ts'
import { licencePlace } from '../licence-place.ts'
import { type PrintedJob, printJob } from '../print-job.ts'
import { type Simulator, startSimulator } from '../simulator.ts'
import { openStateFolder, type StateFolder } from '../state-folder.ts'
import { surveyJob } from '../survey-job.ts'
import { addTrustAnchor } from '../trust/index.ts'
import { verifyLog } from '../verify/index.ts'
import { describeEntry } from './audit.ts'
import { endNow } from './end.ts'
import { bold, dim, duration, green, red, say } from './output.ts'
import { guardProgram } from './programs.ts'
import { startProgress } from './progress.ts'
import { findPolicy, packageFolder } from './ready-policies.ts'
import { decisionLines } from './show-decision.ts'

/** A write that was under way in another thread is done within a few milliseconds. */
const CLEAN_TRIES = 10
const CLEAN_WAIT_MS = 20

/**
 * `portcullis demo`: the main job with nothing set up. Everything is real - keys, licence, decision, log, printer
 * on a virtual serial port, guard process - and lies in a temporary folder that is removed at the end.
 */
export async function demo(): Promise<void> {
  const folder = await makeFolder()
  // However the process ends: the folder holds keys.
  const clean = (): void => removeFolder(folder)
  process.once('exit', clean)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, endEarly)
  try {
    const stage = await setStage(folder)
    try {
      await perform(stage)
    } finally {
      await stage.simulator.stop()
      await stage.ledger.close()
    }
    await showLog(stage.state)
  } finally {
    clean()
  }
  say('', dim('Everything the demo made is gone again. Next: portcullis help print'))
}

async function makeFolder(): Promise<string> {
  try {
    return await mkdtemp(join(tmpdir(), 'portcullis-demo-'))
  } catch (cause) {
    const message = `no temporary folder can be made in \`${tmpdir()}\`: ${systemReason(cause)}`
    throw new AgentError('STATE_UNUSABLE', message, { cause })
  }
}

/** Nothing here needs a gentle end: the printer is part of this process, and the guard ends with it. */
function endEarly(): void {
  endNow(new AgentError('INTERRUPTED', 'the demo was stopped'))
}

/**
 * Removes the folder. An early end may find a write under way in another thread, whose file comes while the folder
 * is being emptied: then it is emptied again.
 */
function removeFolder(folder: string): void {
  for (let tries = 1; ; tries++) {
    try {
      rmSync(folder, { recursive: true, force: true })
      return
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOTEMPTY' || tries === CLEAN_TRIES) throw error
      // The process is ending: nothing else can run in this thread any more.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, CLEAN_WAIT_MS)
    }
  }
}

interface Stage {
  readonly folder: string
  readonly state: StateFolder
  readonly ledger: Ledger
  readonly simulator: Simulator
  /** What the printer's journal counted so far. */
  readonly seen: { receivedBytes: number; commands: number }
  readonly rootPem: string
  readonly token: string
  readonly design: string
}

const DAY_MS = 86_400_000

async function setStage(folder: string): Promise<Stage> {
  say(bold('Portcullis demo'), dim('one licensed print, three jobs blocked, and what the log holds'), '')
  say(bold('1  An issuer licenses a design'))
  const state = await openStateFolder(join(folder, 'state'))
  const design = join(folder, 'cube.gcode')
  await writeFile(design, await readFile(join(packageFolder(), 'fixtures', 'demo', 'cube.gcode')))
  const { token, rootPem } = await makeLicence(design, state.machineId)
  const ledger = await openLedger(state)
  const seen = { receivedBytes: 0, commands: 0 }
  const simulator = await startSimulator({ speed: 'max', journal: (line) => count(line, seen) })
  return { folder, state, ledger, simulator, seen, rootPem, token, design }
}

async function makeLicence(design: string, machineId: string): Promise<{ token: string; rootPem: string }> {
  const nowMs = Date.now()
  const issuer = await createIssuer({
    name: 'Example Designs',
    uri: 'https://licences.example.org',
    nowMs,
    days: 2,
  })
  const { canonicalSha256 } = await surveyJob([await readFile(design)], { name: design })
  const order = {
    licensee: 'the maker space next door',
    tier: 'registered' as const,
    design: {
      id: 'cube-20',
      revision: '1',
      title: 'Calibration cube',
      digests: [{ form: 'gcode-canon' as const, sha256: canonicalSha256 }],
    },
    copies: 3,
    machines: [machineId],
    expiresAtMs: nowMs + DAY_MS,
  }
  const token = await issueLicence(issuer, order, nowMs)
  const reading = readLicence(token)
  if (reading.ok) say(...describeLicence(reading.unverified).map((line) => `   ${line}`))
  return { token, rootPem: issuer.rootPem }
}

/** Counts in the printer's own journal: what reached it is what it says. */
function count(line: string, seen: { receivedBytes: number; commands: number }): void {
  if (line.startsWith('{"kind":"received"')) {
    const hex = /"hex":"([0-9a-f]*)"/.exec(line)?.[1] ?? ''
    seen.receivedBytes += hex.length / 2
  } else if (line.startsWith('{"kind":"command"')) seen.commands++
}

async function perform(stage: Stage): Promise<void> {
  await addTrustAnchor(stage.state.trustDir, stage.rootPem)
  say('', bold('2  The job is judged, put on record, and printed'))
  await printLicensed(stage)
  const gcode = await readFile(stage.design, 'utf8')
  say('', bold('3  The same job, too hot'))
  await showBlocked(stage, 'too-hot.gcode', gcode.replace(/^(M10[49]) S\d+/m, '$1 S300'))
  say('', bold('4  The same job, moved off the bed'))
  await showBlocked(stage, 'off-the-bed.gcode', gcode.replace(/^G1 X[\d.]+ Y/m, 'G1 X412.5 Y'))
  say('', bold('5  The same job, one number altered after it was licensed'))
  await showBlocked(stage, 'altered.gcode', gcode.replace(/^(G1 X[\d.]+ Y[\d.]+ E\d+\.)\d/m, '$10'), true)
}

async function printLicensed(stage: Stage): Promise<void> {
  const { decision, session } = await run(stage, stage.design, stage.token)
  say(...indented(decisionLines(decision)))
  if (session === undefined || session.reason !== null)
    throw new Error(`the demo's own job did not print: ${session?.reason?.message ?? decision.outcome}`)
  const { commands, receivedBytes } = stage.seen
  const { nozzleTargetCelsius, bedTargetCelsius } = stage.simulator.state()
  say(
    `   ${green('printed')}  ${session.commandsSent} commands in ${duration(session.seconds)} at ${stage.simulator.path}`,
    dim(`            the printer's journal: ${receivedBytes} bytes received, ${commands} commands executed,`),
    dim(`            targets at the end: nozzle ${nozzleTargetCelsius} °C, bed ${bedTargetCelsius} °C`),
  )
}

async function showBlocked(stage: Stage, name: string, gcode: string, isLicensed = false): Promise<void> {
  const path = join(stage.folder, name)
  await writeFile(path, gcode)
  const before = stage.seen.receivedBytes
  const { decision, session } = await run(stage, path, isLicensed ? stage.token : undefined)
  if (decision.outcome !== 'deny' || session !== undefined)
    throw new Error(`the demo's ${name} was not blocked`)
  say(...indented(decisionLines(decision)))
  const sent = stage.seen.receivedBytes - before
  const verdict = sent === 0 ? green('0 bytes') : red(`${sent} bytes`)
  say(`   ${verdict} reached the printer`)
  if (sent !== 0) throw new Error('a blocked job reached the printer')
}

async function run(stage: Stage, path: string, licenceToken: string | undefined): Promise<PrintedJob> {
  let progress = startProgress('   printing', 0)
  return await printJob({
    source: { path },
    spoolDir: stage.state.spoolDir,
    loaded: findPolicy('maker-space'),
    openLog: async () => stage.ledger,
    place: () => licencePlace(stage.state, { ledger: stage.ledger, isRealPort: false }),
    portName: stage.simulator.path,
    baud: 115_200,
    guardProgram: guardProgram(),
    allowed: (_decision, commands) => {
      progress = startProgress('   printing', commands)
    },
    progress: (sent) => progress.update(sent),
    ...(licenceToken !== undefined && { licenceText: licenceToken }),
  }).finally(() => progress.stop())
}

async function showLog(state: StateFolder): Promise<void> {
  say('', bold('6  What the log holds'))
  for await (const entry of readLedger(state)) say(describeEntry(entry))
  const { ok, records } = await verifyLog(state.logDir)
  say(ok ? `   ${green('whole')}  ${records} records, all under one signed head` : `   ${red('damaged')}`)
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => ` ${line}`)
}
