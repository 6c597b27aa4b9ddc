import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, afterEach, expect, test } from 'vitest'
import { endProcesses, newFolder, PORTCULLIS, removeFolders, run, start, until } from './command.ts'

afterEach(endProcesses)
afterAll(removeFolders)

/** Processes whose command line names this, by number. */
function processesThatName(text: string): readonly string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false
    try {
      return readFileSync(`/proc/${name}/environ`, 'latin1').includes(text)
    } catch {
      return false
    }
  })
}

test('the demo prints a licensed job, blocks three with 0 bytes, shows the log and leaves nothing behind', async () => {
  const folder = newFolder()
  const demo = await run(['demo'], { env: { TMPDIR: folder }, cwd: folder })
  expect(demo.stderr).toBe('')
  expect(demo.status).toBe(0)
  const text = demo.stdout
  expect(text).toMatch(/ allowed {2}\S*cube\.gcode {2}policy maker-space version \d+\n/)
  expect(text).toMatch(/ printed {2}2619 commands in /)
  expect(text).toContain('targets at the end: nozzle 0 °C, bed 0 °C')
  expect(text.match(/^ denied {2}/gm)).toHaveLength(3)
  expect(text.match(/^ +0 bytes reached the printer$/gm)).toHaveLength(3)
  expect(text).toContain('line 13: nozzle target 300 °C is above the limit of 260 °C')
  expect(text).toMatch(/line \d+: .*412\.5 mm, above the limit of 220 mm/)
  expect(text).toContain('is not the licensed design `cube-20 1`')
  expect(text).toMatch(/closed: printed, 2619 of 2619 commands/)
  expect(text).toMatch(/whole {2}\d+ records/)
  // Nothing of the world around it is quoted, and no line is ragged at its end.
  expect(text).not.toMatch(/undefined|NaN|\[object/)
  expect(text).not.toMatch(/[ \t]$/m)
  expect(readdirSync(folder)).toEqual([])
  expect(processesThatName(folder)).toEqual([])
})

test.each(['SIGINT', 'SIGTERM'] as const)(
  'the demo that is stopped by %s leaves nothing behind',
  async (signal) => {
    const folder = newFolder()
    const demo = start(['demo'], { env: { TMPDIR: folder }, cwd: folder })
    await until('the print to begin', () => demo.stdout().includes('judged, put on record'))
    demo.signal(signal)
    const { status, stderr } = await demo.ended
    expect(stderr).toBe('portcullis: the demo was stopped\n')
    expect(status).toBe(1)
    expect(readdirSync(folder)).toEqual([])
    await until('the guard to be gone', () => processesThatName(folder).length === 0)
  },
)

test('the demo whose reader goes away leaves nothing behind', async () => {
  const folder = newFolder()
  const command = `'${process.execPath}' '${PORTCULLIS}' demo | head -n 1`
  const { stdout, stderr } = spawnSync('sh', ['-c', command], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], TMPDIR: folder },
  })
  expect(stderr).toBe('')
  expect(stdout).toBe('Portcullis demo\n')
  expect(readdirSync(folder)).toEqual([])
  await until('its processes to be gone', () => processesThatName(folder).length === 0)
})

test('the demo says in one sentence when it has no place to work', async () => {
  const demo = await run(['demo'], { env: { TMPDIR: '/nonexistent/place' } })
  expect(demo.status).toBe(1)
  expect(demo.stderr).toBe(
    'portcullis: no temporary folder can be made in `/nonexistent/place`: it does not exist\n',
  )
  expect(demo.stderr).not.toMatch(/^ +at /m)
})
