import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { leaveIdleTime } from '../../agent/serial/idle-processor.ts'

/** Of the policy, as field 41 of `/proc/PID/task/TID/stat` tells it: 0 as any process has it, 5 for idle time only. */
const ORDINARY = 0
const IDLE = 5

const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** A process that says so when it runs, and starts threads of its own when it is told to. */
function start(): ChildProcess {
  const program = `
    process.stdout.write('here')
    process.stdin.once('data', () => {
      require('fs').readFile('/proc/self/stat', () => process.stdout.write('worked'))
    })`
  const child = spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'pipe', 'ignore'] })
  children.push(child)
  return child
}

function policiesOf(pid: number | undefined): readonly number[] {
  return fs.readdirSync(`/proc/${pid}/task`).map((thread) => {
    const stat = fs.readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[38])
  })
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error('the process did not start')
  return child.pid
}

describe('a process that is left only idle time', () => {
  test('has it on all threads, those that it starts later too', async () => {
    const child = start()
    leaveIdleTime(pidOf(child))
    await once(child.stdout!, 'data')
    child.stdin?.write('work')
    await once(child.stdout!, 'data')
    const policies = policiesOf(child.pid)
    expect(policies.length).toBeGreaterThan(4)
    expect(new Set(policies)).toEqual(new Set([IDLE]))
  })

  test('has it on all threads that it had started before', async () => {
    const child = start()
    await once(child.stdout!, 'data')
    expect(policiesOf(child.pid)).toContain(ORDINARY)
    leaveIdleTime(pidOf(child))
    expect(new Set(policiesOf(child.pid))).toEqual(new Set([IDLE]))
  })

  test('leaves this process as it is', () => {
    const before = policiesOf(process.pid)
    leaveIdleTime(pidOf(start()))
    expect(policiesOf(process.pid)).toEqual(before)
  })

  test('may have ended already', async () => {
    const child = start()
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(() => leaveIdleTime(pidOf(child))).not.toThrow()
  })
})
