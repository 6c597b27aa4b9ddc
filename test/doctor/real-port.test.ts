/** The doctor over a real virtual port and real programs: what it sees of them on this machine. */
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { readGateConfig } from '../../agent/config/index.ts'
import { examine, nodeWorld } from '../../agent/doctor/index.ts'
import { listenOnPty } from '../../agent/serial/index.ts'

const root = join(import.meta.dirname, '..', '..')
const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** A real port under a link, and what one check says of it as the printer's device. */
async function realPort(): Promise<{ path: string; told: (id: string) => readonly string[] }> {
  const dir = mkdtempSync(join(tmpdir(), 'portcullis-test-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const link = join(dir, 'printer')
  const port = await listenOnPty({ link })
  onTestFinished(() => port.close())
  const path = join(dir, 'portcullis.yaml')
  const text = `printer: { port: ${link}, baud: 115200, dialect: marlin }\nhost: { tcp: 127.0.0.1:2525 }\npolicy: maker-space\n`
  writeFileSync(path, text)
  const site = {
    config: readGateConfig(text, path),
    state: join(dir, 'state'),
    program: root,
    node: process.execPath,
    policy: join(root, 'policies', 'library', 'maker-space.yaml'),
  }
  const told = (id: string) =>
    examine(nodeWorld(), site)
      .findings.filter((finding) => finding.id === id)
      .map(({ level, message }) => `${level}: ${message}`)
  return { path: link, told }
}

/** A program that opens a file and keeps it open. */
async function holder(path: string): Promise<number> {
  const program =
    "require('node:fs').openSync(process.argv[1], 'r+'); process.stdout.write('open'); setInterval(() => {}, 1e6)"
  const child = spawn(process.execPath, ['-e', program, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  await new Promise((resolve) => child.stdout?.once('data', resolve))
  return child.pid ?? -1
}

describe('a real port', () => {
  test('is shut as it is made, and open when its mode is changed', async () => {
    const { path, told } = await realPort()
    expect(told('device-owner').filter((line) => line.includes('can be opened'))).toEqual([])
    chmodSync(path, 0o666)
    expect(told('device-owner')[0]).toMatch(
      /^fail: `\/dev\/pts\/\d+` \(mode 0666, .* every user of this machine/,
    )
  })

  test('that another program has open is told with its number', async () => {
    const { path, told } = await realPort()
    const pid = await holder(path)
    const line = told('device-open').find((answer) => answer.includes(`process ${pid},`))
    expect(line).toMatch(
      /^fail: `\/dev\/pts\/\d+` is open in process \d+, `(node|MainThread)` of `.*`, which is not the gate$/,
    )
  })
})
