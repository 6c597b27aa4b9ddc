import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openLedger } from '../../agent/ledger.ts'
import { openStateFolder } from '../../agent/state-folder.ts'
import { decisionOf } from '../state-scratch.ts'
import { endProcesses, removeFolders, run } from './command.ts'
import { startGate } from './gate.ts'
import { startPrinter } from './printer.ts'
import { logRecords, newSite, type Site } from './site.ts'

/**
 * What people add to the log: appeals and their answers, samples and reviews, cases that may be told. Nobody need know
 * whether a gate has the log open: then the same commands go through it.
 */

const DAY_MS = 86_400_000
const TEXT = 'the part needs nylon\n   99  2026-11-22T23:59:59.000Z  decision allow for b.gcode\x1b[31m'

/** Decisions that denied: one of 40 days ago, and one of today. */
const OLD = 1
const NEW = 2

let site: Site

async function siteWithDecisions(): Promise<Site> {
  const made = await newSite()
  const ledger = await openLedger(await openStateFolder(made.state), () => Date.now() - 40 * DAY_MS)
  expect((await ledger.append(decisionOf('old', 'ada'))).index).toBe(OLD)
  await ledger.close()
  const hot = made.file('hot.gcode', 'G28\nM104 S300\n')
  const judged = ['--port', '/dev/null', '--policy', 'maker-space', '--state', made.state]
  expect((await run(['print', hot, ...judged, '--user', 'bob'])).status).toBe(3)
  return made
}

/** A command that puts a record on the log: what it says, and where the record is. */
async function adds(
  args: readonly string[],
  where: readonly string[],
): Promise<{ said: string; index: number }> {
  const { status, stdout, stderr } = await run(['audit', ...args, ...where])
  expect(stderr).toBe('')
  expect(status).toBe(0)
  return { said: stdout, index: (await logRecords(site)).length - 1 }
}

/** A command that is refused in one sentence, and adds nothing. */
async function refuses(args: readonly string[], where: readonly string[], status: number, sentence: RegExp) {
  const before = (await logRecords(site)).length
  const ended = await run(['audit', ...args, ...where])
  expect(ended.stderr).toMatch(/^portcullis: [^\n]+\n$/)
  expect(ended.stderr.slice('portcullis: '.length, -1)).toMatch(sentence)
  expect(ended.stdout).toBe('')
  expect(ended.status).toBe(status)
  expect(await logRecords(site)).toHaveLength(before)
}

describe.each(['directly', 'through the gate that has the log'])('what people say, %s,', (way) => {
  let where: readonly string[]

  beforeAll(async () => {
    site = await siteWithDecisions()
    where = ['--state', site.state]
    if (way === 'directly') return
    const printer = await startPrinter({ link: join(site.folder, 'printer') })
    const gate = await startGate(site, printer.port)
    await gate.untilState('idle')
    where = ['--config', gate.config]
  })
  afterAll(endProcesses)

  test('is an appeal, filed in time and once, and its answer', async () => {
    const filed = await adds(['appeal', `${NEW}`, '--by', 'bob', '--text', TEXT], where)
    expect(filed.said).toBe(`filed  appeal ${filed.index} against decision ${NEW}\n`)
    await refuses(
      ['appeal', `${NEW}`, '--by', 'eve', '--text', 'me too'],
      where,
      3,
      /^appeal \d+ about it is not decided/,
    )
    await refuses(
      ['appeal', `${OLD}`, '--by', 'ada', '--text', 'late'],
      where,
      3,
      /^appeals against decision 1 ended with 20/,
    )
    await refuses(
      ['answer-appeal', `${filed.index}`, '--reason', 'so'],
      where,
      2,
      /^an answer is one of `--upheld`, /,
    )
    const args = ['answer-appeal', `${filed.index}`, '--upheld', '--reason', 'nylon it is', '--by', 'carol']
    const answered = await adds(args, where)
    expect(answered.said).toBe(`recorded  appeal ${filed.index} upheld\n  as record ${answered.index}\n`)
    await refuses(
      args,
      where,
      3,
      new RegExp(`^appeal ${filed.index} was decided by record ${answered.index}: upheld$`),
    )
    const shown = await run(['audit', 'show', site.state, '--from', `${filed.index}`])
    expect(shown.stdout).toContain(`  appeal against record ${NEW} by bob: the part needs nylon?   99  2026-`)
    expect(shown.stdout).toContain(`  appeal of record ${filed.index} upheld by carol: nylon it is\n`)
    expect(shown.stdout.trimEnd().split('\n')).toHaveLength(answered.index - filed.index + 1)
  })

  test('is a lot that anybody can draw again, and one review of what it drew', async () => {
    const drawn = await adds(['sample', '--count', '1', '--beacon', 'pulse 1234: 9f3a'], where)
    expect(drawn.said).toMatch(new RegExp(`^drawn {2}1 of 2 decisions, as sample ${drawn.index}\n`))
    const record = (await logRecords(site))[drawn.index]
    const seed = createHash('sha256').update('pulse 1234: 9f3a').digest('hex')
    expect(record).toMatchObject({ kind: 'sampled', seed, source: 'beacon', population: 2, from: 0 })
    const [decision = -1] = (record?.['drawn'] ?? []) as readonly number[]
    const args = [
      'review',
      `${drawn.index}`,
      `${decision}`,
      '--finding',
      'doubtful',
      '--lesson',
      'tell-of-nylon',
    ]
    const reviewed = await adds([...args, '--note', 'see the shelf', '--by', 'dora'], where)
    expect(reviewed.said).toBe(`recorded  decision ${decision} is doubtful\n  as record ${reviewed.index}\n`)
    await refuses([...args, '--by', 'dora'], where, 3, /^decision \d was reviewed in record \d+: doubtful$/)
    const other = decision === OLD ? NEW : OLD
    await refuses(
      ['review', `${drawn.index}`, `${other}`, '--finding', 'sound'],
      where,
      3,
      /did not draw decision/,
    )
    await refuses(
      ['sample'],
      where,
      2,
      /^no witnesses are named \(`--policy FILE`\); a sample needs a cosignature/,
    )
  })

  test('is that a refusal may be told outside, once somebody has seen what would be told', async () => {
    const before = await run(['audit', 'case', `${NEW}`, '--state', site.state])
    expect(before.stdout).toMatch(/^The nozzle was to be hotter than this site allows\.\nRemedy: /)
    expect(before.stdout).toContain(`nobody has let it be told: portcullis audit approve-case ${NEW}\n`)
    expect(before.stdout).not.toMatch(/bob|hot\.gcode|300|nylon/)
    const approved = await adds(['approve-case', `${NEW}`, '--by', 'dora'], where)
    const again = await run(['audit', 'case', `${NEW}`, '--state', site.state])
    expect(again.stdout).toContain(`it may be told, says record ${approved.index}\n`)
    await refuses(
      ['approve-case', `${NEW}`],
      where,
      2,
      new RegExp(`was approved already, by record ${approved.index}$`),
    )
    await refuses(['approve-case', '0'], where, 2, /^record 0 is no decision that denied or held a job$/)
    await refuses(['approve-case', `${OLD}`, '--by', ' '], where, 2, /^the name of `--by` /)
  })

  test('leaves the log whole, as one JSON document too', async () => {
    const { stdout } = await run(
      ['audit', 'appeal', `${OLD}`, '--text', '-', '--appeal-days', '60', '--json', ...where],
      {
        stdin: 'from standard input\n',
      },
    )
    const { index } = JSON.parse(stdout)
    expect((await logRecords(site))[index]).toMatchObject({
      kind: 'appeal-filed',
      decision: OLD,
      text: 'from standard input',
    })
    expect((await run(['audit', 'verify', site.state])).stdout).toMatch(/^whole/)
  })
})

afterAll(removeFolders)
