/** An issuer's folder made of the fixture's keys, which are there at once, and gone with the tests. */
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { IssuerFolder } from '../../agent/issuer/issuer-folder.ts'
import { saveIssuer } from '../../agent/issuer/issuer-store.ts'
import { exportPrivateKey } from '../../agent/issuer/private-key.ts'
import { fixtureKey, issuer, NOW_MS } from '../licence/fixture.ts'

/** A place of its own that does not exist yet. */
export async function newPlace(): Promise<string> {
  return join(await mkdtemp(join(tmpdir(), 'issuer-')), 'issuer')
}

/** A saved issuer; its keys are encrypted where there is a passphrase. */
export async function newIssuer(passphrase?: string): Promise<string> {
  const dir = await newPlace()
  await saveIssuer(dir, {
    ...issuer,
    keysPem: {
      root: exportPrivateKey(fixtureKey('root'), passphrase),
      intermediate: exportPrivateKey(fixtureKey('intermediate'), passphrase),
      signer: exportPrivateKey(fixtureKey('signer'), passphrase),
    },
  })
  return dir
}

/** Runs with a folder open, at an hour that the test sets. */
export async function inFolder<T>(
  dir: string,
  run: (folder: IssuerFolder) => Promise<T>,
  nowMs = NOW_MS,
): Promise<T> {
  const folder = await IssuerFolder.open(dir, () => nowMs)
  try {
    return await run(folder)
  } finally {
    await folder.close()
  }
}
