import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { presentedLicence } from '../../agent/cli/presented-licence.ts'
import { licenceBeside } from '../../agent/delivery/index.ts'

function folder(...files: readonly string[]): string {
  const path = mkdtempSync(join(tmpdir(), 'portcullis-beside-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  for (const file of files) writeFileSync(join(path, file), `${file}\n`)
  return path
}

describe('a licence beside a job', () => {
  test('has the job’s whole name in front of its own ending', async () => {
    const dir = folder('a.gcode', 'a.gcode.licence', 'b.licence')
    expect(await licenceBeside(join(dir, 'a.gcode'))).toBe(join(dir, 'a.gcode.licence'))
    expect(await licenceBeside(join(dir, 'b.gcode'))).toBeUndefined()
  })

  test('of a sealed job is its own, or that of the job that was sealed', async () => {
    const dir = folder('a.gcode.licence')
    expect(await licenceBeside(join(dir, 'a.gcode.age'))).toBe(join(dir, 'a.gcode.licence'))
    writeFileSync(join(dir, 'a.gcode.age.licence'), 'x')
    expect(await licenceBeside(join(dir, 'a.gcode.age'))).toBe(join(dir, 'a.gcode.age.licence'))
  })

  test('is not looked for where no file could be', async () => {
    const dir = folder('file')
    expect(await licenceBeside(join(dir, 'file', 'a.gcode'))).toBeUndefined()
    expect(await licenceBeside(join(dir, 'x'.repeat(300)))).toBeUndefined()
  })

  test('that leads nowhere is found, so that whoever reads it says so', async () => {
    const dir = folder()
    symlinkSync('nowhere', join(dir, 'a.gcode.licence'))
    await expect(presentedLicence(join(dir, 'a.gcode'), undefined)).rejects.toMatchObject({
      code: 'LICENCE_UNREADABLE',
      message: expect.stringMatching(/a\.gcode\.licence` does not exist$/),
    })
  })
})

describe('the licence that is presented', () => {
  test('is the one that is named, before the one beside the job', async () => {
    const dir = folder('a.gcode', 'a.gcode.licence', 'other')
    const named = await presentedLicence(join(dir, 'a.gcode'), join(dir, 'other'))
    expect(named.text).toBe('other')
    expect(named.saidOf(undefined)).toEqual([])
  })

  test('is the one beside the job, and that is said', async () => {
    const dir = folder('a.gcode', 'a.gcode.licence')
    const beside = await presentedLicence(join(dir, 'a.gcode'), undefined)
    expect(beside.text).toBe('a.gcode.licence')
    expect(beside.saidOf(undefined)).toEqual([
      `  with the licence beside it: ${join(dir, 'a.gcode.licence')}`,
    ])
  })

  test('is left to the job where there is no other, and where it stood is said', async () => {
    const dir = folder('a.gcode')
    const none = await presentedLicence(join(dir, 'a.gcode'), undefined)
    expect(none.text).toBeUndefined()
    expect(none.saidOf('comments')).toEqual(['  with the licence in its comments'])
    expect(none.saidOf(undefined)).toEqual([])
  })

  test('is never looked for beside standard input', async () => {
    expect((await presentedLicence('-', undefined)).text).toBeUndefined()
  })

  test('that cannot be read is refused: the job does not pass for one without', async () => {
    const dir = folder('a.gcode')
    mkdirSync(join(dir, 'a.gcode.licence'))
    await expect(presentedLicence(join(dir, 'a.gcode'), undefined)).rejects.toMatchObject({
      code: 'LICENCE_UNREADABLE',
    })
    writeFileSync(join(dir, 'b.gcode.licence'), 'x')
    chmodSync(join(dir, 'b.gcode.licence'), 0)
    if (process.geteuid?.() !== 0)
      await expect(presentedLicence(join(dir, 'b.gcode'), undefined)).rejects.toThrow(/may not be read/)
  })
})
