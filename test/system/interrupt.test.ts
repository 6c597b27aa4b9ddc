import { PassThrough } from 'node:stream'
import { afterAll, afterEach, expect, test } from 'vitest'
import { endProcesses, removeFolders, start, until } from './command.ts'
import { newSite, spooled } from './site.ts'

afterEach(endProcesses)
afterAll(removeFolders)

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s ends a print that still waits for its job on standard input, and leaves no copy of it',
  async (signal) => {
    const site = await newSite()
    const stdin = new PassThrough()
    const print = start(['print', '-', '--port', 'sim', '--policy', 'maker-space', '--state', site.state], {
      stdin,
    })
    stdin.write('G28\n')
    await until('the job to be copied', () => spooled(site).length > 0)
    print.signal(signal)
    const ended = await print.ended
    expect(ended.stderr).toBe('portcullis: interrupted before the job was there\n')
    expect(ended.status).toBe(1)
    expect(spooled(site)).toEqual([])
    stdin.end()
  },
)
