// `portcullis audit incidents`: what a person sees before anything leaves, and that just this leaves.
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { incidents } from '../../agent/cli/audit-incidents.ts'
import { agentStarted, emergency, LogBuilder, ORIGIN, opened, stream } from '../incident/log-builder.ts'
import { capture } from './captured.ts'

const captured = capture()

/** Two incidents: one on record, as record 4, and sent; one not. */
function someLog(): LogBuilder {
  const log = new LogBuilder()
  log.own(opened())
  log.add(agentStarted())
  const stop = log.add(emergency())
  log.add({ kind: 'host-opened', place: '\x1b[2Jplace' })
  const record = log.add({
    kind: 'incident',
    uid: `emergency-stop-${stop}`,
    rule: 'emergency-stop',
    severity: 'medium',
    first: stop,
    last: stop,
    count: 1,
  })
  log.add({ kind: 'incident-exported', incident: record, to: 'syslog', isSent: true, by: null })
  log.add(agentStarted())
  return log
}

const run = (options: Parameters<typeof incidents>[1] = {}, log = someLog()) =>
  incidents(stream(log.entries), options)

function newFile(): string {
  const dir = mkdtempSync(join(tmpdir(), 'portcullis-test-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return join(dir, 'events.jsonl')
}

const eventsIn = (path: string): readonly unknown[] =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)

describe('the list', () => {
  test('tells each in two lines: when, how grave, what, where, and what became of it', async () => {
    await run()
    expect(captured.stdout.split('\n').slice(0, 4)).toEqual([
      expect.stringMatching(/^ {6}4 {2}2026-\S+Z {2}medium {4}the emergency stop was used$/),
      '         emergency-stop, once, record 2; sent to syslog',
      expect.stringMatching(
        /^ {6}- {2}2026-\S+Z {2}low {7}the agent had not ended in good order before it started$/,
      ),
      '         unclean-end, once, records 1 to 6; not on record',
    ])
  })

  test('of a log without any says so', async () => {
    const log = new LogBuilder()
    log.own(opened())
    await run({}, log)
    expect(captured.stdout).toBe('no incidents\n')
    await run({}, new LogBuilder())
    expect(captured.stdout).toContain('the log is empty')
  })

  test('as JSON is one document with every event whole', async () => {
    await run({ json: true })
    const told = JSON.parse(captured.stdout) as { incidents: { index: number | null; event: object }[] }
    expect(told).toMatchObject({ origin: ORIGIN, leftOut: 0 })
    expect(told.incidents).toMatchObject([
      { index: 4, exports: [{ to: 'syslog', isSent: true }], event: { specversion: '1.0', source: ORIGIN } },
      { index: null, exports: [], event: { subject: 'unclean-end-agent-1' } },
    ])
  })
})

describe('one of them', () => {
  test('is shown with all that would leave', async () => {
    await run({ index: '4' })
    const [, json] = captured.stdout.split('all that would leave:\n')
    expect(JSON.parse(json!)).toMatchObject({ id: 'emergency-stop-2.medium.1', data: { class_uid: 2004 } })
  })

  test.each(['3', '6', '999'])('is not record %s, and where to look is said', async (index) => {
    await expect(run({ index })).rejects.toMatchObject({
      code: 'USAGE',
      message: `record ${index} tells of no incident; leave \`--index\` away to list those that there are`,
    })
  })

  test.each(['-1', '1.5', 'x', '1e3', '99999999999999999999'])('is not named by `%s`', async (index) => {
    await expect(run({ index })).rejects.toMatchObject({ code: 'USAGE' })
  })
})

describe('an export', () => {
  test('holds exactly what was shown, in a file of its own that only its owner can read', async () => {
    await run({ json: true })
    const shown = JSON.parse(captured.stdout) as { incidents: { event: object }[] }
    const path = newFile()
    expect(await run({ export: path })).toEqual([4])
    expect(eventsIn(path)).toEqual(shown.incidents.map(({ event }) => event))
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(captured.stdout).toContain(`2 incidents written to \`${path}\``)
  })

  test('of one holds that one', async () => {
    const path = newFile()
    expect(await run({ export: path, index: '4', json: true })).toEqual([4])
    expect(eventsIn(path)).toMatchObject([{ subject: 'emergency-stop-2' }])
    expect(JSON.parse(captured.stdout)).toEqual({ file: path, events: 1 })
  })

  test('never takes the place of a file, nor follows a link', async () => {
    const path = newFile()
    writeFileSync(path, 'whole')
    await expect(run({ export: path })).rejects.toMatchObject({
      code: 'USAGE',
      message: `\`${path}\` exists already; name another file`,
    })
    symlinkSync(`${path}.elsewhere`, `${path}.link`)
    await expect(run({ export: `${path}.link` })).rejects.toMatchObject({ code: 'USAGE' })
    expect(readFileSync(path, 'utf8')).toBe('whole')
  })

  test('into a folder that is not there says so', async () => {
    await expect(run({ export: '/nowhere/events.jsonl' })).rejects.toMatchObject({
      code: 'USAGE',
      message: '`/nowhere/events.jsonl` cannot be written: it does not exist',
    })
  })
})

test('no control character of the log comes to the terminal', async () => {
  for (const options of [{}, { index: '4' }, { json: true } as const]) await run(options)
  expect(captured.stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]/)
})
