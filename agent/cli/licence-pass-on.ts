/** The commands of a licensee who passes a licence on. */
import {
  makeDelegateKey,
  readDelegateKey,
  SUBLICENCE_KEYS,
  sublicenceFileSchema,
  toSublicenceClaims,
} from '../issuer/index.ts'
import { describeLicence, readLicence, readLicenceFile, signSublicence } from '../licence/index.ts'
import { writeNew } from './licence-files.ts'
import { readOrderFile } from './licence-order.ts'
import {
  type NewPassphraseOptions,
  newPassphrase,
  type PassphraseOptions,
  passphraseFrom,
} from './licence-passphrase.ts'
import { dim, green, say, sayJson } from './output.ts'

/** `portcullis licence delegate-key init` */
export async function initDelegateKey(
  file: string,
  options: NewPassphraseOptions & { readonly json?: true },
): Promise<void> {
  const passphrase = await newPassphrase(options)
  const { keyPem, publicKey } = makeDelegateKey(passphrase)
  await writeNew(file, keyPem, 'key')
  if (options.json) sayJson({ file, key: publicKey, keyEncrypted: passphrase !== undefined })
  else
    say(
      `${green('made')}  ${file}`,
      `  public key: ${publicKey}`,
      dim('  send the public key to the issuer, who names it under `delegate` in the order for your licence'),
    )
}

interface SublicenseOptions extends PassphraseOptions {
  readonly key: string
  readonly out?: string
  readonly json?: true
}

/** `portcullis licence sublicense`. What is written holds the parent as well: the one is nothing without the other. */
export async function sublicense(
  parentFile: string,
  order: string,
  options: SublicenseOptions,
): Promise<void> {
  const parent = await readLicenceFile(parentFile)
  const { value, fail } = await readOrderFile(order, {
    what: 'sub-licence order',
    schema: sublicenceFileSchema,
    keys: SUBLICENCE_KEYS,
  })
  const nowMs = Date.now()
  if (value.expires !== undefined && value.expires <= nowMs)
    throw fail(['expires'], '`expires` is in the past')
  const claims = toSublicenceClaims(value, parent, nowMs)
  const key = await readDelegateKey(options.key, await passphraseFrom(options))
  const token = await signSublicence(parent, claims, key)
  const text = `${token}\n${parent}\n`
  if (options.out !== undefined) await writeNew(options.out, text)
  const reading = readLicence(text)
  if (options.json) sayJson({ licence: text, id: claims.jti, out: options.out ?? null })
  else if (options.out === undefined) process.stdout.write(text)
  else
    say(
      `${green('passed on')}  ${options.out}`,
      ...(reading.ok ? describeLicence(reading.unverified).map((line) => `  ${line}`) : []),
    )
}
