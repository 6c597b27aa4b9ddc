import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { AgentError } from '../agent/errors.ts'
import { KEYS } from '../agent/key-file.ts'
import { openLedger } from '../agent/ledger.ts'
import { defaultStatePath, openStateFolder } from '../agent/state-folder.ts'

function scratch(): string {
  const dir = mkdtempSync(join(tmpdir(), 'portcullis-test-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** At the first use, before the log has begun. */
const EVERYTHING = [
  'first-use',
  'log',
  'log-key.json',
  'machine.json',
  'spool',
  'trust',
  'vault',
  'vault-key.json',
]

const modeOf = (path: string) => statSync(path).mode & 0o777

/** It is refused with this reason. */
async function expectUnusable(path: string, reason: string | RegExp): Promise<void> {
  const error: unknown = await openStateFolder(path).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(AgentError)
  const { code, message } = error as AgentError
  expect(code).toBe('STATE_UNUSABLE')
  const start = `state folder \`${path}\` cannot be used: `
  expect(message.slice(0, start.length)).toBe(start)
  if (typeof reason === 'string') expect(message.slice(start.length)).toBe(reason)
  else expect(message.slice(start.length)).toMatch(reason)
}

describe('a state folder at its first use', () => {
  test('is made with everything in it, and nobody else may read it', async () => {
    const path = join(scratch(), 'a', 'b', 'state')
    const state = await openStateFolder(path)
    expect(readdirSync(path).sort()).toEqual(EVERYTHING)
    for (const dir of [path, state.logDir, state.trustDir, state.spoolDir, state.vaultDir])
      expect(modeOf(dir)).toBe(0o700)
    for (const key of ['machine.json', 'log-key.json', 'vault-key.json'])
      expect(modeOf(join(path, key))).toBe(0o600)
    expect(state.path).toBe(path)
    expect([state.logDir, state.trustDir, state.spoolDir, state.vaultDir]).toEqual([
      join(path, 'log'),
      join(path, 'trust'),
      join(path, 'spool'),
      join(path, 'vault'),
    ])
  })

  test('gets a machine key, whose id is the beginning of the digest of its public half', async () => {
    const { machineId, machineKey } = await openStateFolder(scratch())
    const spki = createPublicKey(machineKey).export({ type: 'spki', format: 'der' })
    expect(machineKey.asymmetricKeyType).toBe('ed25519')
    expect(machineId).toMatch(/^m-[0-9a-f]{16}$/)
    expect(machineId.slice(2)).toBe(createHash('sha256').update(spki).digest('hex').slice(0, 16))
  })

  test('is another machine than any other', async () => {
    const [a, b] = await Promise.all([openStateFolder(scratch()), openStateFolder(scratch())])
    expect(a.machineId).not.toBe(b.machineId)
  })

  test('is one machine to all who open it first at the same time', async () => {
    const path = join(scratch(), 'state')
    const opened = await Promise.all(Array.from({ length: 8 }, () => openStateFolder(path)))
    expect(new Set(opened.map(({ machineId }) => machineId)).size).toBe(1)
    expect(readdirSync(path).sort()).toEqual(EVERYTHING)
  })
})

describe('a state folder in use', () => {
  test('is the same machine each time, and what is in it stays', async () => {
    const path = scratch()
    const first = await openStateFolder(path)
    writeFileSync(join(first.trustDir, 'issuer.pem'), 'x')
    const key = readFileSync(join(path, 'machine.json'))
    const second = await openStateFolder(path)
    expect(second.machineId).toBe(first.machineId)
    expect(second.machineKey.equals(first.machineKey)).toBe(true)
    expect(readFileSync(join(path, 'machine.json')).equals(key)).toBe(true)
    expect(existsSync(join(first.trustDir, 'issuer.pem'))).toBe(true)
  })

  test('may be reached through a link, and may be read by others as long as they cannot write', async () => {
    const dir = scratch()
    mkdirSync(join(dir, 'real'), { mode: 0o755 })
    symlinkSync(join(dir, 'real'), join(dir, 'link'))
    await openStateFolder(join(dir, 'link'))
    expect(existsSync(join(dir, 'real', 'machine.json'))).toBe(true)
  })
})

describe('a state folder is refused when', () => {
  test('it is a file, or lies below one', async () => {
    const file = join(scratch(), 'file')
    writeFileSync(file, '')
    await expectUnusable(file, `\`${file}\` is not a folder`)
    await expectUnusable(join(file, 'state'), 'it is not a folder')
  })

  test('it lies where nothing can be made', async () => {
    await expectUnusable('/proc/portcullis', 'it cannot be created')
  })

  test.each([0o720, 0o702, 0o777])('others can write to it: mode %o', async (mode) => {
    const path = scratch()
    chmodSync(path, mode)
    await expectUnusable(
      path,
      `\`${path}\` can be written by others; \`chmod go-w\` it, and check what is in it`,
    )
    expect(readdirSync(path)).toEqual([])
  })

  test.each(['log', 'trust', 'spool', 'vault'])('others can write to its %s', async (name) => {
    const path = scratch()
    await openStateFolder(path)
    chmodSync(join(path, name), 0o770)
    await expectUnusable(path, /can be written by others/)
  })

  test('one of its folders is a link, or a file', async () => {
    const dir = scratch()
    mkdirSync(join(dir, 'elsewhere'), { mode: 0o700 })
    mkdirSync(join(dir, 'state'), { mode: 0o700 })
    symlinkSync(join(dir, 'elsewhere'), join(dir, 'state', 'log'))
    const reason = `\`${join(dir, 'state', 'log')}\` is not a folder`
    await expectUnusable(join(dir, 'state'), reason)
    rmSync(join(dir, 'state', 'log'))
    writeFileSync(join(dir, 'state', 'log'), '')
    await expectUnusable(join(dir, 'state'), reason)
  })

  test.runIf(process.geteuid?.() === 0)('it or its key belongs to another user', async () => {
    const path = scratch()
    await openStateFolder(path)
    chownSync(join(path, 'machine.json'), 65534, 65534)
    await expectUnusable(path, `\`${join(path, 'machine.json')}\` belongs to another user (65534)`)
    chownSync(path, 65534, 65534)
    await expectUnusable(path, `\`${path}\` belongs to another user (65534)`)
  })

  test.skipIf(process.geteuid?.() === 0)('it may not be written', async () => {
    const path = scratch()
    chmodSync(path, 0o500)
    await expectUnusable(path, 'permission denied')
    chmodSync(path, 0o700)
  })
})

describe('a machine key is never replaced: it is refused when it', () => {
  /** A folder with a key that is then changed, and its bytes. */
  async function withKey(change: (keyPath: string) => void): Promise<{ path: string; keyPath: string }> {
    const path = scratch()
    const keyPath = join(path, 'machine.json')
    await openStateFolder(path)
    change(keyPath)
    return { path, keyPath }
  }

  const edit = (change: (machine: Record<string, unknown>) => void) => (keyPath: string) => {
    const machine = JSON.parse(readFileSync(keyPath, 'utf8')) as Record<string, unknown>
    change(machine)
    writeFileSync(keyPath, JSON.stringify(machine))
  }

  const pemOf = (type: 'ed25519' | 'ed448') =>
    (type === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ed448')).privateKey
      .export({ type: 'pkcs8', format: 'pem' })
      .toString()

  test.each<[string, (keyPath: string) => void]>([
    ['is empty', (keyPath) => truncateSync(keyPath, 0)],
    ['is cut short', (keyPath) => truncateSync(keyPath, 100)],
    ['is not JSON', (keyPath) => writeFileSync(keyPath, 'hello')],
    ['is huge', (keyPath) => truncateSync(keyPath, 10_000_000)],
    ['has a member that we do not know', edit((machine) => Object.assign(machine, { extra: 1 }))],
    ['is of a version that we do not know', edit((machine) => Object.assign(machine, { version: 2 }))],
    ['has another id than its key', edit((machine) => Object.assign(machine, { id: 'm-0123456789abcdef' }))],
    [
      'holds another key than its id says',
      edit((machine) => Object.assign(machine, { privateKey: pemOf('ed25519') })),
    ],
    [
      'holds a key of another kind',
      edit((machine) => Object.assign(machine, { privateKey: pemOf('ed448') })),
    ],
    ['holds no key', edit((machine) => Object.assign(machine, { privateKey: 'hello' }))],
  ])('%s', async (_, change) => {
    const { path, keyPath } = await withKey(change)
    const before = readFileSync(keyPath)
    await expectUnusable(path, `the machine key \`${keyPath}\` is damaged; put it back from a backup`)
    expect(readFileSync(keyPath).equals(before)).toBe(true)
  })

  test('can be read by others', async () => {
    const { path, keyPath } = await withKey((key) => chmodSync(key, 0o640))
    await expectUnusable(path, `the machine key \`${keyPath}\` is open to others; they may have copied it`)
  })

  test('is a link', async () => {
    const { path, keyPath } = await withKey((key) => {
      writeFileSync(`${key}.elsewhere`, readFileSync(key), { mode: 0o600 })
      rmSync(key)
      symlinkSync(`${key}.elsewhere`, key)
    })
    await expectUnusable(path, `\`${keyPath}\` is a symbolic link`)
  })

  test('is a folder', async () => {
    const { path, keyPath } = await withKey((key) => {
      rmSync(key)
      mkdirSync(key)
    })
    await expectUnusable(path, `\`${keyPath}\` is not a regular file`)
  })

  test.each(['machine', 'log', 'vault'] as const)(
    'is missing and the log has begun: another %s key would make it another machine, log or side table',
    async (name) => {
      const path = scratch()
      const ledger = await openLedger(await openStateFolder(path))
      await ledger.close()
      const { file, words } = KEYS[name]
      rmSync(join(path, file))
      const reason = `the ${words} \`${join(path, file)}\` is gone; put it back from a backup`
      await expectUnusable(path, reason)
      expect(existsSync(join(path, file))).toBe(false)
      // Nor does it help to say that this is the first use.
      writeFileSync(join(path, 'first-use'), '')
      await expectUnusable(path, reason)
    },
  )
})

describe('the first use of a state folder', () => {
  test('is over when its log has begun', async () => {
    const path = scratch()
    const state = await openStateFolder(path)
    expect(state.mayBeginLog).toBe(true)
    await (await openLedger(state)).close()
    expect(existsSync(join(path, 'first-use'))).toBe(false)
    expect((await openStateFolder(path)).mayBeginLog).toBe(false)
  })

  test.each(['machine.json', 'log-key.json', 'vault-key.json'])(
    'goes on where it was cut off before %s was made',
    async (file) => {
      const path = scratch()
      await openStateFolder(path)
      rmSync(join(path, file))
      const state = await openStateFolder(path)
      expect(existsSync(join(path, file))).toBe(true)
      await (await openLedger(state)).close()
    },
  )

  test('does not come again: a log that is gone is missed', async () => {
    const path = scratch()
    const state = await openStateFolder(path)
    await (await openLedger(state)).close()
    rmSync(state.logDir, { recursive: true })
    await expect(openStateFolder(path).then(openLedger)).rejects.toThrow(
      /it is gone, and this machine had one/,
    )
  })
})

describe('the state folder that is used when none is named', () => {
  test.each<[Record<string, string>, string]>([
    [{ PORTCULLIS_STATE: '/srv/state', XDG_STATE_HOME: '/xdg' }, '/srv/state'],
    [{ XDG_STATE_HOME: '/xdg' }, '/xdg/portcullis'],
    [{ PORTCULLIS_STATE: '', XDG_STATE_HOME: '/xdg' }, '/xdg/portcullis'],
    [{ XDG_STATE_HOME: 'relative' }, join(homedir(), '.local/state/portcullis')],
    [{}, join(homedir(), '.local/state/portcullis')],
  ])('case %#', (env, expected) => {
    expect(defaultStatePath(env)).toBe(expected)
  })
})
