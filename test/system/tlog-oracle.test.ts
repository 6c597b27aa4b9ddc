// Go's reference implementation of tile logs and signed notes (golang.org/x/mod/sumdb, which the Go checksum database
// runs on) reads a log of ours: its checkpoint, its tiles, every record, every earlier size, and the proofs that we make.
import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openLog, proveConsistency, proveInclusion, publishedHead, readLog } from '../../agent/audit/index.ts'
import { canonicalJson } from '../../agent/log-format/index.ts'
import { verifyLog } from '../../agent/verify/index.ts'
import { testSigner } from '../verify/signing.ts'
import { newFolder, ROOT, removeFolders } from './command.ts'

const GOPATH = '/usr/share/gocode'
const isWithoutGo =
  !(existsSync('/usr/bin/go') && existsSync(join(GOPATH, 'src/golang.org/x/mod/sumdb'))) &&
  process.env['PORTCULLIS_NEEDS'] !== 'all'

/** Two full bundles, and a third that is not. */
const RECORDS = 700

let oracle: string
let dir: string
let vkey: string

/** What Go says of the folder: what it checked, or why it refuses. */
function ask(folder: string, key: string, ...files: readonly string[]): Record<string, unknown> | string {
  try {
    return JSON.parse(execFileSync(oracle, [folder, key, ...files], { encoding: 'utf8', stdio: 'pipe' }))
  } catch (error) {
    return String(Object(error).stderr)
  }
}

/** A copy of the published folder, with one file changed. */
function changed(name: string, change: (bytes: Buffer) => Buffer): string {
  const folder = newFolder()
  execFileSync('cp', ['-r', `${dir}/.`, folder])
  writeFileSync(join(folder, name), change(readFileSync(join(folder, name))))
  return folder
}
const flipped = (at: number) => (bytes: Buffer) => {
  bytes[at]! ^= 1
  return bytes
}

describe.skipIf(isWithoutGo)(
  'Go’s own reader of tile logs (needs Debian’s golang-go and golang-golang-x-mod-dev)',
  () => {
    beforeAll(async () => {
      const folder = newFolder()
      oracle = join(folder, 'tlog-oracle')
      execFileSync(
        '/usr/bin/go',
        ['build', '-o', oracle, join(ROOT, 'fixtures', 'oracle', 'tlog-oracle.go')],
        {
          env: { PATH: '/usr/bin', HOME: folder, GO111MODULE: 'off', GOPATH, GOCACHE: join(folder, 'cache') },
        },
      )
      dir = join(folder, 'log')
      const keys = {
        machine: generateKeyPairSync('ed25519').privateKey,
        log: generateKeyPairSync('ed25519').privateKey,
      }
      const log = await openLog(dir, { keys, mayBegin: true })
      vkey = log.verifierKey
      for (let i = 1; i < RECORDS; i++) await log.append({ kind: 'interlude', job: 'a job', commandsSent: i })
      await log.close()
    }, 180_000)

    afterAll(() => removeFolders())

    test('finds every record and every earlier size of a log under its checkpoint', async () => {
      const { origin, root } = await verifyLog(dir)
      expect(ask(dir, vkey)).toEqual({
        origin,
        size: RECORDS,
        root: Buffer.from(root!, 'hex').toString('base64'),
        inclusion: RECORDS,
        consistency: RECORDS - 1,
        proofs: 0,
      })
    })

    test('accepts the proofs that we make, of records and of consistency', async () => {
      const folder = newFolder()
      const files: string[] = []
      const keep = (name: string, text: string): void => {
        files.push(join(folder, name))
        writeFileSync(join(folder, name), text)
      }
      for await (const { index, record } of readLog(dir)) {
        if (index % 37 !== 0) continue
        const entry = Buffer.from(canonicalJson(record))
        keep(`${index}.tlog-proof`, await proveInclusion(dir, index, { extra: entry }))
      }
      const { note } = await publishedHead(dir)
      for (const old of [1, 2, 255, 256, 257, 511, 512, 513, 699]) {
        const hashes = (await proveConsistency(dir, old, RECORDS)).map(
          (hash) => `${hash.toString('base64')}\n`,
        )
        keep(`${old}.request`, `old ${old}\n${hashes.join('')}\n${note}`)
      }
      expect(ask(dir, vkey, ...files)).toMatchObject({ proofs: files.length })
      expect(files.length).toBeGreaterThan(25)
    })

    test('passes over the cosignatures of witnesses', () => {
      const witness = testSigner('witness.example', 4)
      const folder = changed('checkpoint', (note) => {
        const text = note.toString().slice(0, note.indexOf('\n\n') + 1)
        return Buffer.from(`${note}${witness.line(text, 1_790_000_000)}`)
      })
      expect(ask(folder, vkey)).toMatchObject({ size: RECORDS })
    })

    test.each([
      ['a changed record', 'tile/entries/001', flipped(1000), 'record'],
      ['a changed hash', 'tile/0/001', flipped(40), 'invalid transparency proof'],
      ['a changed hash of the partial tile', 'tile/0/002.p/188', flipped(40), 'inconsistent'],
      ['a changed root', 'checkpoint', flipped(70), 'invalid signature'],
    ])('refuses as we do: %s', async (_, name, change, why) => {
      const folder = changed(name, change)
      expect(ask(folder, vkey)).toContain(why)
      expect((await verifyLog(folder)).findings.length).toBeGreaterThan(0)
    })

    test('refuses a log of another key', () => {
      expect(ask(dir, testSigner(vkey.split('+')[0]!, 1).vkey)).toContain('no verifiable signatures')
    })
  },
)
