import { createPublicKey, X509Certificate } from 'node:crypto'
import { AgentError } from '../errors.ts'
import { openStateFolder } from '../state-folder.ts'
import { formatTime, readBoundedFile, showInput } from '../token/index.ts'
import {
  type Authority,
  type AuthorityRow,
  addRecognition,
  authorityOf,
  distrustIssuer,
  LICENCE_TIERS,
  type LoadedTrust,
  loadTrust,
  POWERS,
  RECOGNITION_BYTES_MAX,
  revokeIssuer,
  trustIssuer,
  trustSlicer,
} from '../trust/index.ts'
import { badUsage, wholeNumber } from './end.ts'
import { bold, columns, dim, green, say, sayJson, yellow } from './output.ts'

/** The commands about whom this machine trusts, and with what. */

/** A certificate or a public key; a larger file is the wrong one. */
const SMALL_FILE_BYTES_MAX = 65_536

const RECORD_MAX = 2 ** 48

interface Common {
  readonly state?: string
  readonly json?: true
}

interface TrustOptions extends Common {
  readonly list?: true
  readonly remove?: true
  readonly name?: string
  readonly tiers?: string
  readonly classes?: string
  readonly countries?: string
  readonly may?: string
  /** False for `--no-license`. */
  readonly license?: boolean
  readonly exemptsAs?: string
}

/** `portcullis licence trust`: adds an anchor with its row, removes it, or tells whom the machine trusts. */
export async function trust(named: string | undefined, options: TrustOptions): Promise<void> {
  const { trustDir } = await openStateFolder(options.state)
  if (options.list) {
    if (named !== undefined) throw badUsage('`--list` shows all there is; leave the certificate out')
    return tellTrust(await loadTrust(trustDir, Date.now()), options)
  }
  if (named === undefined) {
    throw badUsage('say which certificate: `portcullis licence trust root.pem`, or `--list`')
  }
  if (options.remove) {
    const anchor = await distrustIssuer(trustDir, await pemOrName(named), Date.now())
    if (options.json) sayJson({ removed: anchor.sha256, file: anchor.fileName })
    else say(`${green('removed')}  ${nameOf(anchor.certificate)} ${anchor.sha256}`)
    return
  }
  const row = rowOf(options)
  const { path, sha256 } = await trustIssuer(trustDir, await readSmallFile(named), row, Date.now())
  const authority = authorityOf(await loadTrust(trustDir, Date.now()), sha256)
  if (options.json) sayJson({ ...authority, file: path })
  else say(`${green('trusted')}  ${path}`, ...authorityLines(authority))
}

/** The row that the flags make; undefined where none was given, and what is there stays. */
function rowOf(options: TrustOptions): AuthorityRow | undefined {
  const { name, license } = options
  const tiers = oneOf('--tiers', options.tiers, LICENCE_TIERS)
  const classes = listOf(options.classes)
  const countries = listOf(options.countries)?.map((code) => code.toUpperCase())
  const exemptsAs = listOf(options.exemptsAs)
  const further = oneOf('--may', options.may, POWERS)
  const mayLicense = license !== false
  const may =
    further === undefined && mayLicense
      ? undefined
      : [...(mayLicense ? ['license' as const] : []), ...(further ?? [])]
  const row: AuthorityRow = {
    ...(name !== undefined && { name }),
    ...(may !== undefined && { may: [...new Set(may)] }),
    ...(tiers !== undefined && { tiers }),
    ...(classes !== undefined && { classes }),
    ...(countries !== undefined && { countries }),
    ...(exemptsAs !== undefined && { exemptsAs }),
  }
  return Object.keys(row).length === 0 ? undefined : row
}

function listOf(text: string | undefined): readonly string[] | undefined {
  if (text === undefined) return undefined
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

function oneOf<T extends string>(
  option: string,
  text: string | undefined,
  known: readonly T[],
): readonly T[] | undefined {
  return listOf(text)?.map((part) => {
    const found = known.find((name) => name === part)
    if (found === undefined) throw badUsage(`\`${option}\` knows ${known.join(', ')}, not \`${part}\``)
    return found
  })
}

/** `portcullis licence revoke-issuer` */
export async function revoke(
  named: string,
  options: Common & { readonly fromRecord?: string; readonly name?: string },
): Promise<void> {
  const { trustDir } = await openStateFolder(options.state)
  const { fromRecord, name } = options
  const key = await revokeIssuer(
    trustDir,
    await pemOrName(named),
    {
      ...(fromRecord !== undefined && {
        fromRecord: wholeNumber('--from-record', fromRecord, 0, RECORD_MAX),
      }),
      ...(name !== undefined && { name }),
    },
    Date.now(),
  )
  if (options.json)
    return sayJson({ ...key, fromRecord: fromRecord === undefined ? null : Number(fromRecord) })
  say(
    `${green('revoked')}  the key ${key.spkiSha256}`,
    fromRecord === undefined
      ? '  nothing that it signed is believed here any more'
      : `  only licences of which the log had a copy before record ${fromRecord} are still believed`,
  )
  if (!key.isSeen) {
    say(
      yellow('  taken for the SHA-256 of a public key: nothing here could check that such a key exists'),
      dim('  where you have the certificate, give its PEM file instead'),
    )
  }
}

/** `portcullis licence trust-slicer` */
export async function trustSlicerKey(id: string, file: string, options: Common): Promise<void> {
  const { trustDir } = await openStateFolder(options.state)
  const key = readSlicerKey(await readSmallFile(file))
  await trustSlicer(trustDir, id, key, Date.now())
  if (options.json) sayJson({ id, key })
  else say(`${green('trusted')}  slicer ${id} ${dim(key)}`)
}

/** An Ed25519 public key as PEM, or its 32 bytes in base64url. */
function readSlicerKey(text: string): string {
  if (text.includes('PRIVATE KEY')) throw badUsage('that is a private key; a slicer gives out its public key')
  const plain = text.trim()
  if (/^[A-Za-z0-9_-]{43}$/.test(plain)) return plain
  try {
    const { crv, x } = createPublicKey(plain).export({ format: 'jwk' })
    if (crv === 'Ed25519' && x !== undefined) return x
  } catch {
    // Told below, as every other text that is no such key.
  }
  throw badUsage('the key of a slicer is an Ed25519 public key: PEM, or 32 bytes in base64url')
}

/** `portcullis licence recognise` */
export async function recognise(file: string, options: Common): Promise<void> {
  const { trustDir } = await openStateFolder(options.state)
  const bytes = await readBoundedFile(file, RECOGNITION_BYTES_MAX, 'recognition')
  const { path, recognition } = await addRecognition(trustDir, bytes.toString('latin1'), Date.now())
  if (options.json) return sayJson({ ...recognition, file: path })
  say(
    `${green('recognised')}  ${recognition.of}`,
    ...columns([
      ['stated by', recognition.issuer],
      ['until', formatTime(recognition.expiresAtMs)],
      ...mappings(recognition.tiers, 'tier'),
      ...mappings(recognition.classes, 'class'),
    ]),
  )
}

function mappings(
  map: Readonly<Record<string, string>>,
  what: string,
): readonly (readonly [string, string])[] {
  return Object.entries(map).map(([there, here]) => [what, `${there} there is ${here} here`] as const)
}

function tellTrust(trusted: LoadedTrust, options: Common): void {
  const anchors = trusted.anchorsPem.map((pem) => {
    const certificate = new X509Certificate(pem)
    const sha256 = certificate.fingerprint256.replaceAll(':', '').toLowerCase()
    const notAfter = formatTime(Date.parse(certificate.validTo))
    return { name: nameOf(certificate), notAfter, ...authorityOf(trusted, sha256) }
  })
  const { revoked, slicers, recognitions, notes } = trusted
  if (options.json) {
    sayJson({ anchors, revoked, slicers, recognitions, notes })
    return
  }
  if (anchors.length === 0) say('no issuer is trusted here: `portcullis licence trust root.pem`')
  for (const { name, notAfter, ...authority } of anchors) {
    say(`${bold(name)}  ${dim(`until ${notAfter}`)}`, ...authorityLines(authority))
  }
  const lines = [
    ...revoked.map(({ spkiSha256, serial, fromRecord }) => {
      const which = spkiSha256 ?? `serial ${serial?.number} under ${serial?.anchorSha256}`
      return `revoked     ${which} ${fromRecord === null ? 'altogether' : `from record ${fromRecord}`}`
    }),
    ...slicers.map(({ id, key }) => `slicer      ${id} ${key}`),
    ...recognitions.map(
      ({ of, issuer, expiresAtMs }) => `recognised  ${of} by ${issuer} until ${formatTime(expiresAtMs)}`,
    ),
    ...notes.map((note) => yellow(`note        ${note}`)),
  ]
  if (lines.length > 0) say(...lines)
}

function authorityLines(authority: Authority): readonly string[] {
  const { anchorSha256, powers, tiers, classes, countries, exemptsAs } = authority
  return columns([
    ['anchor', anchorSha256],
    ['may', powers.join(', ') || 'nothing'],
    ['tiers', tiers.join(', ') || 'none'],
    ['classes', classes === null ? 'all' : classes.join(', ') || 'none'],
    ['countries', countries === null ? 'all' : countries.join(', ') || 'none'],
    ...(exemptsAs === undefined ? [] : [['exempts as', exemptsAs.join(', ')] as const]),
  ])
}

/** What a certificate calls its holder, as one line. */
function nameOf(certificate: X509Certificate): string {
  const names = new Map(certificate.subject.split('\n').map((line) => line.split('=', 2) as [string, string]))
  return showInput(names.get('CN') ?? names.get('O') ?? 'without a name')
}

/** The text of a file where there is one of that name, else the name itself: a fingerprint, or a file in the trust folder. */
async function pemOrName(named: string): Promise<string> {
  try {
    return await readSmallFile(named)
  } catch (error) {
    const isFingerprint = /^(?:sha256[:=])?(?:[0-9a-f]{2}:?){32}$/i.test(named)
    const isFileName = /^[A-Za-z0-9][A-Za-z0-9._-]*\.pem$/.test(named)
    if (error instanceof AgentError && (isFingerprint || isFileName)) return named
    throw error
  }
}

async function readSmallFile(path: string): Promise<string> {
  return (await readBoundedFile(path, SMALL_FILE_BYTES_MAX, 'file')).toString('latin1')
}
