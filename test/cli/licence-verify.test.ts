import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { verify } from '../../agent/cli/licence.ts'
import { addList } from '../../agent/cli/screening.ts'
import { trust } from '../../agent/cli/trust.ts'
import { EXIT } from '../../agent/errors.ts'
import { makeLicence } from '../../agent/issuer/issuer.ts'
import { openStateFolder } from '../../agent/state-folder.ts'
import { DAY_MS, FIXTURES, issuer } from '../licence/fixture.ts'
import { CUBE } from '../system/site.ts'
import { screeningClaims, signed } from '../trust/signed.ts'
import { capture } from './captured.ts'

const said = capture()
const CUBE_CANONICAL_SHA256 = 'ba2c7aefd3e5cef60b612a2f24622cb06450cc78cb4c7cf2f290fdf690e23bbf'
const LATER = Date.parse('2045-01-01') / 1000

/** A machine that trusts the issuer and has its screening list, and a licence for the cube for this licensee. */
async function scene(licensee: string): Promise<{ readonly file: string; readonly state: string }> {
  const path = mkdtempSync(join(tmpdir(), 'portcullis-verify-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  const state = join(path, 'state')
  await trust(new URL('issuer/root.pem', FIXTURES).pathname, { state, may: 'license,screen' })
  const list = join(path, 'list.jwt')
  writeFileSync(list, await signed('screeningList', screeningClaims({ exp: LATER })))
  await addList(list, { state })
  const { machineId } = await openStateFolder(state)
  const nowMs = Date.now()
  const digests = [{ form: 'gcode-canon' as const, sha256: CUBE_CANONICAL_SHA256 }]
  const { token } = await makeLicence(
    issuer,
    {
      licensee,
      tier: 'open',
      design: { id: 'cube-20', revision: '1', digests },
      copies: 1,
      machines: [machineId],
      expiresAtMs: nowMs + DAY_MS,
    },
    nowMs - 1000,
  )
  const file = join(path, 'cube.licence')
  writeFileSync(file, token)
  said.stdout = ''
  return { file, state }
}

describe('licence verify', () => {
  test('allows what is on no list', async () => {
    const { file, state } = await scene('Riverside Makers')
    await verify(file, { job: CUBE, state })
    expect(said.stdout).toMatch(/valid {2}for /)
    expect(process.exitCode).toBeUndefined()
  })

  test('screens as a gate does: a listed licensee is held, and so is a declared end user', async () => {
    const { file, state } = await scene('OOO Severny Zavod')
    await verify(file, { job: CUBE, state })
    expect(said.stdout).toMatch(/held {2}for /)
    expect(said.stdout).toContain('screening-hit')
    expect(said.stdout).toContain('compliance may release it')
    expect(process.exitCode).toBe(EXIT.held)
    const other = await scene('Riverside Makers')
    await verify(other.file, { job: CUBE, state: other.state, endUser: 'Severny Zavod', json: true })
    expect(JSON.parse(said.stdout)).toMatchObject({
      ok: true,
      objections: [{ outcome: 'hold', release: 'compliance', refusal: { code: 'screening-hit' } }],
    })
  })
})
