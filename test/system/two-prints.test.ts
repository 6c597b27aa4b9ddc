import { afterAll, afterEach, expect, test } from 'vitest'
import { endProcesses, removeFolders, run, start, until } from './command.ts'
import { isCold, startPrinter } from './printer.ts'
import { CUBE, newSite } from './site.ts'

/** Waits for heat: interrupted, it ends at once. */
const HEATING_JOB = 'M104 S200\nM109 S200\nG28\nG1 X10 Y10 F3000\n'

afterEach(endProcesses)
afterAll(removeFolders)

test('a second print with the same state folder is told that the log is in use, and sends nothing', async () => {
  const [site, busy, idle] = await Promise.all([newSite(), startPrinter({ speed: '1' }), startPrinter()])
  const args = ['--policy', 'maker-space', '--state', site.state]
  const job = site.file('heating.gcode', HEATING_JOB)
  const first = start(['print', job, '--port', busy.port, ...args])
  await until('the first print to begin', () => busy.commands().includes('M109 S200'))
  const second = await run(['print', CUBE, '--port', idle.port, ...args])
  expect(second.status).toBe(1)
  expect(second.stderr).toMatch(/^portcullis: log `.*` is in use by .*\n$/)
  expect(second.stdout).toBe('')
  expect(idle.receivedBytes()).toBe(0)
  // Looking is allowed meanwhile.
  const shown = await run(['audit', 'show', '--state', site.state])
  expect(shown.status).toBe(0)
  expect(shown.stdout).toContain('opened: 4 commands')
  expect((await run(['check', CUBE, ...args])).status).toBe(0)
  first.signal('SIGINT')
  expect((await first.ended).status).toBe(1)
  expect(isCold(busy)).toBe(true)
})

test('prints with separate state folders on separate printers do not disturb each other', async () => {
  const [left, right] = await Promise.all([newSite(), newSite()])
  const printers = await Promise.all([startPrinter(), startPrinter({ over: 'tcp' })])
  const prints = await Promise.all(
    [left, right].map((site, i) => {
      const port = printers[i]?.port ?? ''
      return run(['print', CUBE, '--port', port, '--policy', 'maker-space', '--state', site.state])
    }),
  )
  expect(prints.map(({ status, stderr }) => [status, stderr])).toEqual([
    [0, ''],
    [0, ''],
  ])
  expect(printers[0]?.commands()).toEqual(printers[1]?.commands())
})

test('a second print on the same printer is told that the port is in use', async () => {
  const [left, right, printer] = await Promise.all([newSite(), newSite(), startPrinter({ speed: '1' })])
  const job = left.file('heating.gcode', HEATING_JOB)
  const args = ['print', job, '--port', printer.port, '--policy', 'maker-space', '--state']
  const first = start([...args, left.state])
  await until('the first print to begin', () => printer.commands().includes('M109 S200'))
  const second = await run([...args, right.state])
  expect(second.status).toBe(5)
  expect(second.stderr).toMatch(/^portcullis: port `.*` is in use by another program.*\n$/)
  first.signal('SIGTERM')
  expect((await first.ended).status).toBe(1)
})
