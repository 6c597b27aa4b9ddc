/** How a token leaves an issuer: laid ready, put on record in the ledger, and only then given its name or written out. */
import { AgentError } from '../errors.ts'
import { IssuerFolder, type Passphrase, type Prepared } from '../issuer/index.ts'
import { stageFile } from './licence-files.ts'
import { type PassphraseOptions, passphraseFrom } from './licence-passphrase.ts'

/** Who signs, and where the token goes. */
export interface HandOutOptions extends PassphraseOptions {
  readonly issuer: string
  readonly out?: string
  readonly json?: true
}

/** Runs with the issuer's folder open, which no other command can open meanwhile. */
export async function withIssuer<T>(dir: string, run: (folder: IssuerFolder) => Promise<T>): Promise<T> {
  const folder = await IssuerFolder.open(dir, () => Date.now())
  try {
    return await run(folder)
  } finally {
    await folder.close()
  }
}

/** Has a token prepared and hands it out: there is no file of what is not in the ledger, and room for it before it is. */
export async function handOut<P extends Prepared>(
  options: HandOutOptions,
  prepare: (folder: IssuerFolder, passphrase: Passphrase) => Promise<P>,
): Promise<P> {
  const passphrase = await passphraseFrom(options)
  return await withIssuer(options.issuer, async (folder) => {
    const prepared = await prepare(folder, passphrase)
    const staged = options.out === undefined ? undefined : await stageFile(options.out, `${prepared.token}\n`)
    try {
      await prepared.record()
      await staged?.keep().catch((error: unknown) => {
        throw error instanceof AgentError ? onRecord(error, prepared) : error
      })
    } finally {
      await staged?.discard()
    }
    return prepared
  })
}

/** What is on record counts, whether its file was written or not. */
function onRecord({ code, message }: AgentError, { id }: Prepared): AgentError {
  return new AgentError(code, `${message}; the ledger has it all the same, under the id ${id}`)
}
