import { describe, expect, test, vi } from 'vitest'
import { type Crash, type Fault, isChange, MemoryDisk } from './memory-disk.ts'
import { inMonth, openOn } from './rig.ts'
import { Story } from './story.ts'

/** Hundreds of lives of a vault each: on a busy machine that takes its time. */
const SLOW_MS = 120_000

vi.setConfig({ testTimeout: SLOW_MS })

const EFFECTS = ['absent', 'present', 'half'] as const

const CRASHES: Readonly<Record<string, Crash>> = {
  'the process is killed': { kind: 'process' },
  'power fails, and nothing is left but what was synced': {
    kind: 'power',
    keptDirtyBytes: 0,
    keepsName: () => false,
  },
  'power fails, and names are there before their bytes': {
    kind: 'power',
    keptDirtyBytes: 0,
    keepsName: () => true,
  },
  'power fails, and every other name and some bytes are there': {
    kind: 'power',
    keptDirtyBytes: 30,
    keepsName: (change) => change % 2 === 1,
  },
}

const POWER_LATE: Crash = { kind: 'power', keptDirtyBytes: 0, keepsName: () => true }

/** Tells the story into the fault, crashes, and looks; answers whether the fault was reached. */
async function survive(fault: Fault, crash: Crash): Promise<boolean> {
  const disk = new MemoryDisk()
  const story = new Story(disk)
  disk.arm(fault)
  await story.tell()
  const { hasFailed } = disk
  story.expectOnlyOurErrors()
  disk.crash(crash)
  await story.expectSound()
  disk.crash({ kind: 'power', keptDirtyBytes: 0, keepsName: () => false })
  await story.expectSound()
  return hasFailed
}

test('a story in which nothing fails is told to its end, and every operation of the disk occurs in it', async () => {
  const disk = new MemoryDisk()
  const story = new Story(disk)
  await story.tell()
  expect(story.errors).toEqual([])
  expect(story.rows).toHaveLength(13)
  expect(story.rows.filter((row) => row.state === 'erased')).toHaveLength(5)
  const names = [
    'makeFolder',
    'list',
    'open read',
    'open append',
    'open overwrite',
    'open new',
    'size',
    'read',
  ]
  const more = [
    'write',
    'fdatasync',
    'link',
    'renameFolder',
    'unlink',
    'removeFolder',
    'fsyncFolder',
    'close',
  ]
  expect(new Set(disk.operations)).toEqual(new Set([...names, ...more]))
})

/** Survives a fault at each operation in turn; answers at how many. */
async function surviveEach(fault: Omit<Fault, 'at'>, crash: Crash): Promise<number> {
  let at = 0
  while (await survive({ at, ...fault }, crash)) at++
  return at
}

describe.each(Object.entries(CRASHES))('%s', (_, crash) => {
  // What a power cut leaves of an operation without effect is what it leaves of the one before.
  const effects = crash.kind === 'process' ? EFFECTS : EFFECTS.filter((effect) => effect !== 'absent')

  test.each(effects)(
    'in any change, its effect %s: nothing is lost and nothing comes back',
    async (effect) => {
      const fault = { of: 'changes', effect, code: 'EIO', diesAfter: 0 } as const
      // Fewer would mean that the story ended early and tried nothing.
      expect(await surviveEach(fault, crash)).toBeGreaterThan(90)
    },
  )
})

describe('any one operation fails, and the vault goes on', () => {
  test.each(EFFECTS)('its effect %s: nothing is lost and nothing comes back', async (effect) => {
    const fault = { of: 'all', effect, code: 'EIO' } as const
    expect(await surviveEach(fault, POWER_LATE)).toBeGreaterThan(250)
  })

  test.each(EFFECTS)(
    'its effect %s, and it dies soon after: nothing is lost and nothing comes back',
    async (effect) => {
      for (const diesAfter of [4, 9, 20]) {
        const fault = { of: 'changes', effect, code: 'ENOSPC', diesAfter } as const
        expect(await surviveEach(fault, { kind: 'process' })).toBeGreaterThan(90)
      }
    },
  )
})

const LOSES_NAMES: Crash = { kind: 'power', keptDirtyBytes: 0, keepsName: () => false }

test('a name that a killed process had all but made is durable before the next process tells its subject', async () => {
  const disk = new MemoryDisk()
  const vault = await openOn(disk)
  disk.arm({ at: 6, of: 'changes', effect: 'absent', code: 'EIO', diesAfter: 0 })
  await expect(vault.subjectOf('Alice')).rejects.toThrow()
  expect(disk.operations.filter(isChange).slice(-2)).toEqual(['renameFolder', 'fsyncFolder'])
  disk.crash({ kind: 'process' })
  const alice = await (await openOn(disk)).findSubject('Alice')
  expect(alice).toBeDefined()
  disk.crash(LOSES_NAMES)
  expect(await (await openOn(disk)).findSubject('Alice')).toBe(alice)
})

test('a row in a folder whose name could not be made durable at first is not acknowledged before it is', async () => {
  const disk = new MemoryDisk()
  const vault = await openOn(disk)
  const subject = vault.newSubject()
  disk.arm({ at: 1, of: 'changes', effect: 'absent', code: 'EIO' })
  await expect(vault.seal(subject, { n: 1 }, inMonth(1))).rejects.toThrow('input/output error')
  expect(disk.operations.filter(isChange)).toEqual(['makeFolder', 'fsyncFolder'])
  expect(await vault.subjects()).toEqual([])
  const ref = await vault.seal(subject, { n: 2 }, inMonth(1))
  disk.crash(LOSES_NAMES)
  expect(await (await openOn(disk)).open(ref)).toMatchObject({ fields: { n: 2 } })
})

test('an erasure is finished though the power fails in it, and again in any change of the recovery', async () => {
  const untroubled = new MemoryDisk()
  await new Story(untroubled).tell()
  // From the first zeros over a key on: everything before is no more than a note.
  const first = untroubled.operations
    .slice(0, untroubled.operations.indexOf('open overwrite'))
    .filter(isChange).length
  let deepest = 0
  for (let at = first; at < first + 12; at++) {
    for (const crash of Object.values(CRASHES)) {
      for (let again = 0; ; again++) {
        const disk = new MemoryDisk()
        const story = new Story(disk)
        disk.arm({ at, of: 'changes', effect: 'present', code: 'EIO', diesAfter: 0 })
        await story.tell()
        disk.crash(crash)
        disk.arm({ at: again, of: 'changes', effect: 'half', code: 'EIO', diesAfter: 0 })
        await openOn(disk).catch(() => undefined)
        const { hasFailed } = disk
        disk.crash(crash)
        await story.expectSound()
        if (!hasFailed) break
        deepest = Math.max(deepest, again)
      }
    }
  }
  expect(deepest).toBeGreaterThan(10)
})
