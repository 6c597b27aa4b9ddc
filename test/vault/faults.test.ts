import { expect, test, vi } from 'vitest'
import { type Crash, type Fault, isChange, MemoryDisk } from './memory-disk.ts'
import { inMonth, openOn, strideOf, waysAt } from './rig.ts'
import { Story } from './story.ts'

/** Hundreds of lives of a vault each: on a busy machine that takes its time. */
const SLOW_MS = 600_000

vi.setConfig({ testTimeout: SLOW_MS })

const EFFECTS = ['absent', 'present', 'half'] as const

const KILLED: Crash = { kind: 'process' }
/** Nothing is left but what was synced. */
const LOSES_NAMES: Crash = { kind: 'power', keptDirtyBytes: 0, keepsName: () => false }
/** Names are there before their bytes. */
const LOSES_BYTES: Crash = { kind: 'power', keptDirtyBytes: 0, keepsName: () => true }
/** Every other name is there, and some bytes. */
const LOSES_SOME: Crash = { kind: 'power', keptDirtyBytes: 30, keepsName: (change) => change % 2 === 1 }
const CRASHES = [KILLED, LOSES_NAMES, LOSES_BYTES, LOSES_SOME]

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
  // What was acknowledged since is durable too.
  disk.crash(LOSES_NAMES)
  await story.expectKept()
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

interface Way {
  readonly fault: Omit<Fault, 'at'>
  readonly crash: Crash
}

/** Survives faults at one in so many operations, each in `count` of the ways; answers at how many operations it could. */
async function surviveAt(oneIn: number, ways: readonly Way[], count: number): Promise<number> {
  const { first, step } = strideOf(oneIn)
  for (let at = first; ; at += step) {
    for (const { fault, crash } of waysAt(at, ways, count))
      if (!(await survive({ at, ...fault }, crash))) return at
  }
}

// Fewer operations would mean that a story ended early and tried nothing.
const CHANGES_MIN = 90
const OPERATIONS_MIN = 250

test('it dies in any change: nothing is lost and nothing comes back', async () => {
  const ways = CRASHES.flatMap((crash) => {
    // What a power cut leaves of an operation without effect is what it leaves of the one before.
    const effects = crash.kind === 'process' ? EFFECTS : EFFECTS.filter((effect) => effect !== 'absent')
    return effects.map(
      (effect): Way => ({ fault: { of: 'changes', effect, code: 'EIO', diesAfter: 0 }, crash }),
    )
  })
  expect(await surviveAt(1, ways, 2)).toBeGreaterThan(CHANGES_MIN)
})

test('any one operation fails, and the vault goes on: nothing is lost and nothing comes back', async () => {
  const ways = EFFECTS.map(
    (effect): Way => ({ fault: { of: 'all', effect, code: 'EIO' }, crash: LOSES_BYTES }),
  )
  expect(await surviveAt(2, ways, 1)).toBeGreaterThan(OPERATIONS_MIN)
})

test('any change fails, and it dies soon after: nothing is lost and nothing comes back', async () => {
  const ways = [4, 9, 20].flatMap((diesAfter) =>
    EFFECTS.map(
      (effect): Way => ({
        fault: { of: 'changes', effect, code: 'ENOSPC', diesAfter },
        crash: KILLED,
      }),
    ),
  )
  expect(await surviveAt(1, ways, 1)).toBeGreaterThan(CHANGES_MIN)
})

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
    for (let again = 0; ; again++) {
      let hasFailed = false
      for (const crash of waysAt(at + again, CRASHES, 1)) {
        const disk = new MemoryDisk()
        const story = new Story(disk)
        disk.arm({ at, of: 'changes', effect: 'present', code: 'EIO', diesAfter: 0 })
        await story.tell()
        disk.crash(crash)
        disk.arm({ at: again, of: 'changes', effect: 'half', code: 'EIO', diesAfter: 0 })
        await openOn(disk).catch(() => undefined)
        hasFailed ||= disk.hasFailed
        disk.crash(crash)
        await story.expectSound()
      }
      if (!hasFailed) break
      deepest = Math.max(deepest, again)
    }
  }
  expect(deepest).toBeGreaterThan(10)
})
