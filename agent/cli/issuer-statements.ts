/** The commands of an authority that states something besides licences: whom it recognises, and whom to look at first. */
import { randomUUID } from 'node:crypto'
import { statementFileSchema } from '../issuer/index.ts'
import { type ScreeningClaims, screeningClaimsSchema } from '../screening/index.ts'
import { type RecognitionClaims, recognitionClaimsSchema } from '../trust/index.ts'
import { type HandOutOptions, handOut } from './licence-hand-out.ts'
import { readOrderFile } from './licence-order.ts'
import { dim, green, say, sayJson } from './output.ts'

/** A list of 10,000 entries has 1 MiB in a token, and more with its comments. */
const LIST_BYTES_MAX = 4 * 1024 * 1024

type StatementOptions = Omit<HandOutOptions, 'issuer'>

const { of, tiers, classes } = recognitionClaimsSchema.shape
const recognitionFile = statementFileSchema('recognition', { of, tiers, classes })

/** `portcullis licence issuer recognise` */
export async function recognise(issuer: string, file: string, options: StatementOptions): Promise<void> {
  const { value, fail } = await readOrderFile(file, {
    what: 'recognition',
    schema: recognitionFile,
    keys: Object.keys(recognitionFile.shape),
  })
  const { id, expires } = value
  const { token, id: made } = await handOut({ ...options, issuer }, (folder, passphrase) =>
    folder.prepareStatement(passphrase, 'recognition', (uri, nowMs) => {
      if (`${uri}/`.startsWith(`${value.of.replace(/\/$/, '')}/`))
        throw fail(['of'], '`of` is this issuer itself, which no site lets it recognise')
      const whole = { ...common(uri, nowMs, expires, id), ...wordsOf(value) }
      return statement(whole, recognitionClaimsSchema.safeParse(whole), fail)
    }),
  )
  tell(token, made, options, [
    `${green('recognised')}  ${value.of} in ${options.out}`,
    dim('  sites that let this issuer recognise put it in the folder recognitions of their trust folder'),
  ])
}

const { sub, version, source, entries } = screeningClaimsSchema.shape
const screeningFile = statementFileSchema('screening-list', { name: sub, version, source, entries })

/** `portcullis licence issuer screening` */
export async function publishScreening(
  issuer: string,
  file: string,
  options: StatementOptions,
): Promise<void> {
  const { value, fail } = await readOrderFile(file, {
    what: 'screening list',
    schema: screeningFile,
    keys: Object.keys(screeningFile.shape),
    bytesMax: LIST_BYTES_MAX,
  })
  const { id, expires } = value
  const { token, id: made } = await handOut({ ...options, issuer }, (folder, passphrase) =>
    folder.prepareStatement(passphrase, 'screeningList', (uri, nowMs) => {
      const said = { sub: value.name, version: value.version, source: value.source, entries: value.entries }
      const whole = { ...common(uri, nowMs, expires, id), ...said, ver: 1 as const }
      return statement(whole, screeningClaimsSchema.safeParse(whole), fail)
    }),
  )
  tell(token, made, options, [
    `${green('published')}  screening list ${value.name} ${value.version} (${value.entries.length} ${value.entries.length === 1 ? 'entry' : 'entries'}) in ${options.out}`,
    dim(`  sites that let this issuer screen take it with: portcullis licence screening add ${options.out}`),
  ])
}

/** What every token of an authority says. */
function common(issuerUri: string, nowMs: number, expiresAtMs: number, id: string | undefined) {
  return {
    iss: issuerUri,
    aud: 'portcullis' as const,
    jti: id ?? randomUUID(),
    iat: Math.floor(nowMs / 1000),
    exp: Math.floor(expiresAtMs / 1000),
  }
}

/** The claims of a recognition without the members of its file. */
function wordsOf({
  of,
  tiers,
  classes,
}: Pick<RecognitionClaims, 'of' | 'tiers' | 'classes'>): Pick<
  RecognitionClaims,
  'of' | 'tiers' | 'classes' | 'ver'
> {
  return { ver: 1, of, ...(tiers !== undefined && { tiers }), ...(classes !== undefined && { classes }) }
}

interface Parsed {
  readonly success: boolean
  readonly error?: {
    readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[]
  }
}

/** The sites' own schema has the last word; what it objects to is told at its place in the file. */
function statement(
  claims: RecognitionClaims | ScreeningClaims,
  parsed: Parsed,
  fail: (path: readonly PropertyKey[], message: string) => Error,
) {
  const [issue] = parsed.error?.issues ?? []
  if (issue !== undefined) {
    const path = issue.path[0] === 'exp' || issue.path[0] === 'iat' ? ['expires'] : issue.path
    throw fail(path, path[0] === 'expires' ? '`expires` is in the past' : issue.message)
  }
  return {
    payload: Buffer.from(JSON.stringify(claims)),
    id: claims.jti,
    expiresAtMs: claims.exp * 1000,
  }
}

function tell(token: string, id: string, { json, out }: StatementOptions, lines: readonly string[]): void {
  if (json) sayJson({ token, id, out: out ?? null })
  else if (out === undefined) say(token)
  else say(...lines)
}
