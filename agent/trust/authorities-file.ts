/**
 * `authorities.yaml` of the trust folder: what each anchor may speak for, whose certificates are believed no more, which
 * slicers are believed. Each mistake is told with its line and column, and one mistake is enough to use none of it.
 */
import { basename, join } from 'node:path'
import { z } from 'zod'
import { describeIssue, quoteInput, readBoundedFile } from '../token/index.ts'
import { plainFingerprint, plainSerial, spkiSha256Of } from './certificate-names.ts'
import { authorityUriSchema, countryCodeSchema, lineSchema } from './claim-parts.ts'
import { LICENCE_TIERS } from './tiers.ts'
import { type Authority, POWERS, type RevokedCertificate, type TrustedSlicer } from './trust.ts'
import { CERTIFICATE_FILE_BYTES_MAX, readOneCertificate, type TrustAnchor } from './trust-anchors.ts'
import { assertGuarded, exists, unreadable } from './trust-folder.ts'
import { readYamlText, type YamlProblem, type YamlText } from './yaml-text.ts'

export const AUTHORITIES_FILE = 'authorities.yaml'

/** Each list at its cap, with names. */
const FILE_BYTES_MAX = 256 * 1024
const AUTHORITIES_MAX = 64
const REVOKED_MAX = 1024
const SLICERS_MAX = 256
const CLASSES_MAX = 256
/** Every country there is, and some that are no more. */
const COUNTRIES_MAX = 256
const EXEMPTS_AS_MAX = 32
/** Far above what a log holds in a machine's life. */
const RECORD_MAX = 2 ** 48

const fingerprint = z
  .string()
  .transform(plainFingerprint)
  .pipe(z.string({ error: 'must be a SHA-256 of 64 hexadecimal digits' }))
const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*\.pem$/
const anchorReference = z.union(
  [z.string().regex(FILE_NAME), fingerprint],
  'must be the SHA-256 fingerprint of an anchor, or the name of its file in the trust folder',
)

export const authorityRowSchema = z.strictObject({
  anchor: anchorReference,
  name: lineSchema.optional(),
  may: z.array(z.enum(POWERS)).max(POWERS.length).optional(),
  tiers: z.array(z.enum(LICENCE_TIERS)).max(LICENCE_TIERS.length).optional(),
  classes: z
    .array(
      z
        .string()
        .max(200)
        .regex(/^[a-z0-9-]+:(?:\*|[A-Za-z0-9._()/-]+)$/, 'must be `regime:code`, or `regime:*`'),
    )
    .max(CLASSES_MAX)
    .optional(),
  countries: z.array(countryCodeSchema).max(COUNTRIES_MAX).optional(),
  'exempts-as': z.array(authorityUriSchema).max(EXEMPTS_AS_MAX).optional(),
})

const fromRecord = z.int().min(0).max(RECORD_MAX).optional()

export const revokedRowSchema = z
  .strictObject({
    spki: fingerprint.optional(),
    serial: z
      .string('must be hexadecimal digits in quotes')
      .regex(/^[0-9A-Fa-f:]{1,60}$/, 'must be hexadecimal digits in quotes')
      .transform(plainSerial)
      .optional(),
    anchor: anchorReference.optional(),
    certificate: z
      .string()
      .regex(/^revoked\/[A-Za-z0-9][A-Za-z0-9._-]*\.pem$/, 'must be a file such as revoked/NAME.pem')
      .optional(),
    name: lineSchema.optional(),
    'from-record': fromRecord,
  })
  .refine(
    ({ spki, serial, certificate }) =>
      [spki, serial, certificate].filter((way) => way !== undefined).length === 1,
    'must name a certificate in one way: `spki`, `certificate`, or `serial` with `anchor`',
  )
  .refine(
    ({ serial, anchor }) => (serial === undefined) === (anchor === undefined),
    '`serial` and `anchor` go together',
  )

export const slicerRowSchema = z.strictObject({
  id: z
    .string()
    .max(200)
    .regex(/^[A-Za-z0-9][A-Za-z0-9._:@/+-]*$/, 'must start with a letter or digit, without spaces'),
  key: z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'must be an Ed25519 key: 32 bytes in base64url'),
})

const fileSchema = z.strictObject({
  authorities: z.array(authorityRowSchema).max(AUTHORITIES_MAX).nullish(),
  revoked: z.array(revokedRowSchema).max(REVOKED_MAX).nullish(),
  slicers: z.array(slicerRowSchema).max(SLICERS_MAX).nullish(),
})

type AuthoritiesFile = z.output<typeof fileSchema>

/** What the file says, and what of it touches nothing. */
export interface AuthoritiesReading {
  readonly authorities: readonly Authority[]
  readonly revoked: readonly RevokedCertificate[]
  readonly slicers: readonly TrustedSlicer[]
  readonly notes: readonly string[]
}

/** The text of the file, or undefined where there is none. Fails with LICENCE_UNREADABLE where others could have written it. */
export async function readAuthoritiesText(trustDir: string): Promise<string | undefined> {
  const path = join(trustDir, AUTHORITIES_FILE)
  if (!(await exists(path))) return undefined
  await assertGuarded(path, 'file')
  return (await readBoundedFile(path, FILE_BYTES_MAX, 'file')).toString('utf8')
}

/** Reads the text of the file beside the anchors of its folder. Throws LICENCE_UNREADABLE with a sentence for each mistake. */
export async function readAuthorities(
  text: string,
  trustDir: string,
  anchors: readonly TrustAnchor[],
): Promise<AuthoritiesReading> {
  const path = join(trustDir, AUTHORITIES_FILE)
  const reading = readYamlText(text)
  if (!reading.ok) throw wrong(path, reading.problems)
  const { yaml } = reading
  // An empty file, or one with comments alone, says nothing.
  const parsed = fileSchema.safeParse(yaml.value ?? {})
  if (!parsed.success) throw wrong(path, problemsOf(yaml, parsed.error.issues))
  return await new AuthoritiesBuilder(path, trustDir, yaml, anchors).build(parsed.data)
}

/** Joins the rows to the anchors and files that they name. */
class AuthoritiesBuilder {
  readonly #path: string
  readonly #trustDir: string
  readonly #yaml: YamlText
  readonly #anchors: readonly TrustAnchor[]
  readonly #problems: YamlProblem[] = []
  readonly #notes: string[] = []

  constructor(path: string, trustDir: string, yaml: YamlText, anchors: readonly TrustAnchor[]) {
    this.#path = path
    this.#trustDir = trustDir
    this.#yaml = yaml
    this.#anchors = anchors
  }

  async build(file: AuthoritiesFile): Promise<AuthoritiesReading> {
    const authorities = (file.authorities ?? []).flatMap((row, i) => this.#authority(row, i))
    this.#refuseTwice(
      authorities.map(({ anchorSha256 }) => anchorSha256),
      'authorities',
      'anchor',
    )
    const revoked: RevokedCertificate[] = []
    for (const [i, row] of (file.revoked ?? []).entries()) revoked.push(...(await this.#revoked(row, i)))
    const slicers = file.slicers ?? []
    this.#refuseTwice(
      slicers.map(({ id }) => id),
      'slicers',
      'id',
    )
    if (this.#problems.length > 0) throw wrong(this.#path, this.#problems)
    return { authorities, revoked, slicers, notes: this.#notes }
  }

  #authority(row: z.output<typeof authorityRowSchema>, i: number): readonly Authority[] {
    const anchorSha256 = this.#anchorOf(row.anchor, ['authorities', i, 'anchor'])
    if (anchorSha256 === undefined) return []
    const { classes, countries } = row
    const exemptsAs = row['exempts-as']
    return [
      {
        anchorSha256,
        powers: row.may ?? ['license'],
        tiers: row.tiers ?? LICENCE_TIERS,
        classes: classes ?? null,
        countries: countries ?? null,
        ...(exemptsAs !== undefined && { exemptsAs }),
      },
    ]
  }

  async #revoked(row: z.output<typeof revokedRowSchema>, i: number): Promise<readonly RevokedCertificate[]> {
    const common = { spkiSha256: null, serial: null, fromRecord: row['from-record'] ?? null }
    if (row.spki !== undefined) return [{ ...common, spkiSha256: row.spki }]
    if (row.certificate !== undefined) {
      const spkiSha256 = await this.#keyIn(row.certificate, ['revoked', i, 'certificate'])
      return spkiSha256 === undefined ? [] : [{ ...common, spkiSha256 }]
    }
    const anchorSha256 = this.#anchorOf(row.anchor ?? '', ['revoked', i, 'anchor'])
    if (anchorSha256 === undefined) return []
    return [{ ...common, serial: { anchorSha256, number: row.serial ?? '' } }]
  }

  /** A name of a file that is not there is a mistake; a fingerprint is that of an anchor that went, or is still to come. */
  #anchorOf(reference: string, path: readonly PropertyKey[]): string | undefined {
    if (reference.endsWith('.pem')) {
      const found = this.#anchors.find(({ fileName }) => fileName === reference)
      if (found === undefined)
        this.#add(path, `there is no anchor ${quoteInput(reference)} in the trust folder`)
      return found?.sha256
    }
    if (!this.#anchors.some(({ sha256 }) => sha256 === reference)) {
      const { line } = this.#yaml.problemAt(path, '')
      this.#notes.push(
        `\`${basename(this.#path)}\` line ${line} speaks of the anchor \`${reference.slice(0, 16)}...\`, which is not in the trust folder`,
      )
    }
    return reference
  }

  async #keyIn(file: string, path: readonly PropertyKey[]): Promise<string | undefined> {
    const full = join(this.#trustDir, file)
    try {
      await assertGuarded(full, 'certificate')
      const pem = await readBoundedFile(full, CERTIFICATE_FILE_BYTES_MAX, 'certificate')
      return spkiSha256Of(readOneCertificate(pem.toString('latin1'), `certificate \`${full}\``))
    } catch (error) {
      this.#add(path, error instanceof Error ? error.message : 'the certificate cannot be read')
      return undefined
    }
  }

  #refuseTwice(names: readonly string[], list: string, member: string): void {
    for (const [i, name] of names.entries()) {
      if (names.indexOf(name) !== i) this.#add([list, i, member], 'this stands in another row already')
    }
  }

  #add(path: readonly PropertyKey[], message: string): void {
    this.#problems.push(this.#yaml.problemAt(path, message))
  }
}

function problemsOf(yaml: YamlText, issues: readonly z.core.$ZodIssue[]): readonly YamlProblem[] {
  return issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') {
      const where = issue.path.length === 0 ? 'the file' : 'key'
      return [yaml.problemAt(issue.path, describeIssue(where, [issue]))]
    }
    return issue.keys.map((key) => yaml.problemAtKey([...issue.path, key], `unknown key ${quoteInput(key)}`))
  })
}

/** Sentences at once; more are not read anyway. */
const SENTENCES_MAX = 20

function wrong(path: string, problems: readonly YamlProblem[]): Error {
  const sentences = [...problems]
    .sort((one, other) => one.line - other.line || one.column - other.column)
    .slice(0, SENTENCES_MAX)
    .map(({ line, column, message }) => `${path}:${line}:${column} ${message}`)
  return unreadable(sentences)
}
