/** The commands that keep an issuer's keys. */
import {
  createIssuer,
  type IssuerOverview,
  type IssuerPart,
  overviewOf,
  saveIssuer,
} from '../issuer/index.ts'
import { badUsage, wholeNumber } from './end.ts'
import { withIssuer } from './licence-hand-out.ts'
import { type NewPassphraseOptions, newPassphrase, passphraseFrom } from './licence-passphrase.ts'
import { bold, columns, dim, green, say, sayJson, yellow } from './output.ts'

/** Twenty years with their leap days. */
const DAYS_MAX = 7305

interface InitOptions extends NewPassphraseOptions {
  readonly name: string
  readonly uri: string
  readonly days: string
  readonly json?: true
}

/** `portcullis licence issuer init` */
export async function initIssuer(dir: string, options: InitOptions): Promise<void> {
  const days = wholeNumber('--days', options.days, 1, DAYS_MAX)
  const passphrase = await newPassphrase(options)
  const issuer = await createIssuer({
    name: options.name,
    uri: options.uri,
    nowMs: Date.now(),
    days,
    ...(passphrase !== undefined && { passphrase }),
  })
  await saveIssuer(dir, issuer)
  if (options.json) {
    sayJson({ dir, name: issuer.name, uri: issuer.uri, keysEncrypted: passphrase !== undefined })
    return
  }
  say(
    `${green('made')}  issuer ${bold(issuer.name)} (${issuer.uri}) in ${dir}`,
    passphrase === undefined
      ? '  its private keys are not encrypted: only the file modes protect them'
      : '  its private keys are encrypted with your passphrase',
    dim(`  sites trust it with: portcullis licence trust ${dir}/root.pem`),
    dim('  only signer.key is needed to issue: root.key and intermediate.key can be kept elsewhere'),
  )
}

interface RenewOptions extends NewPassphraseOptions {
  readonly days: string
  readonly root?: true
  readonly json?: true
}

/** `portcullis licence issuer intermediate` */
export async function renewIntermediate(dir: string, options: RenewOptions): Promise<void> {
  await renew(dir, 'intermediate', options)
}

/** `portcullis licence issuer renew` */
export async function renewSigner(dir: string, options: RenewOptions): Promise<void> {
  await renew(dir, options.root ? 'root' : 'signer', options)
}

const RENEWED: Readonly<Record<IssuerPart, string>> = {
  root: 'root, intermediate and signer',
  intermediate: 'intermediate and signer',
  signer: 'signer',
}

/** Whose key is opened for it; for a new root, only to know the passphrase. */
const OPENED = { root: 'signer', intermediate: 'root', signer: 'intermediate' } as const

/** The new keys are encrypted with the passphrase of the old ones, or, where those have none, with a new one. */
async function renew(dir: string, from: IssuerPart, options: RenewOptions): Promise<void> {
  const days = wholeNumber('--days', options.days, 1, DAYS_MAX)
  const { certificates } = await overviewOf(dir, Date.now())
  const isEncrypted = certificates.some(({ part, key }) => part === OPENED[from] && key === 'encrypted')
  if (isEncrypted && options.passphrase === false)
    throw badUsage('option `--no-passphrase` is for keys that have none; those of this issuer are encrypted')
  const known = isEncrypted ? await passphraseFrom(options) : await newPassphrase(options)
  const passphrase = typeof known === 'function' ? await known(dir) : known
  await withIssuer(dir, (folder) =>
    folder.renew(from, passphrase, { days, ...(passphrase !== undefined && { passphrase }) }),
  )
  const overview = await overviewOf(dir, Date.now())
  if (options.json) {
    sayJson({ dir, renewed: from, ...overview })
    return
  }
  const until = overview.certificates.find(({ part }) => part === 'signer')?.until ?? ''
  say(
    `${green('renewed')}  ${RENEWED[from]} of ${bold(overview.name)}; it signs until ${until}`,
    dim(`  the old ones are in ${dir}/retired; licences that they signed stay as valid as before`),
    ...(from === 'root'
      ? [`  sites must trust the new root as well: portcullis licence trust ${dir}/root.pem`]
      : []),
  )
}

/** `portcullis licence issuer show` */
export async function showIssuer(dir: string, options: { readonly json?: true }): Promise<void> {
  const overview = await overviewOf(dir, Date.now())
  if (options.json) sayJson({ dir, ...overview })
  else say(...describe(overview))
}

function describe(overview: IssuerOverview): readonly string[] {
  const { licences, allocations, refunds, statusList } = overview
  const list =
    statusList === null
      ? 'none published'
      : `of ${statusList.issued}${statusList.until === null ? '' : `, until ${statusList.until}`}`
  return [
    `${bold(overview.name)}  ${overview.uri}`,
    '',
    ...columns(
      overview.certificates.map(({ part, until, key }) => [part, `until ${until}, key ${KEY_WORDS[key]}`]),
    ),
    ...(overview.isRenewalPending
      ? [yellow('  a renewal was interrupted; the next command that signs ends it')]
      : []),
    '',
    ...columns([
      ['licences', `${licences.issued} issued, ${licences.current} in force`],
      ['', `${licences.suspended} suspended, ${licences.revoked} revoked, ${licences.ended} ended`],
      ['allocations', String(allocations)],
      ['refunds', String(refunds)],
      ['status list', list],
    ]),
    ...overview.retired.map(({ part, retired, from, until }) =>
      dim(`  retired ${retired}: ${part}, from ${from} until ${until}`),
    ),
  ]
}

const KEY_WORDS = { encrypted: 'encrypted', open: 'not encrypted', absent: 'not here' } as const
