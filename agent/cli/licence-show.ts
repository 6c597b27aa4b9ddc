/** What a licence file holds, in plain words, and how one is put together. Nothing here is verified. */
import { createHash } from 'node:crypto'
import { AgentError } from '../errors.ts'
import {
  type Bundle,
  describeLicence,
  type Licence,
  openBundle,
  readLicence,
  readLicenceFile,
} from '../licence/index.ts'
import { peekStatusList } from '../status/index.ts'
import { formatTime, openToken, parseStrictJson, type TokenKind } from '../token/index.ts'
import { badUsage } from './end.ts'
import { writeNew } from './licence-files.ts'
import { dim, green, say, sayJson } from './output.ts'

/** `portcullis licence show` */
export async function show(file: string, options: { readonly json?: true }): Promise<void> {
  const bundle = openText(await readLicenceFile(file), file)
  const licences = bundle.licences.map((token) => readOne(token, file))
  const [licence] = licences
  const allocations = bundle.allocations.map((token) => claimsOf(token, 'allocation'))
  const refunds = bundle.refunds.map((token) => claimsOf(token, 'refund'))
  const statusLists = bundle.statusLists.map((token) => peekStatusList(token) ?? null)
  if (options.json) {
    const { attestations } = bundle
    sayJson({ verified: false, licence, licences, allocations, refunds, statusLists, attestations })
    return
  }
  say(
    ...licences.flatMap((one, i) => [...(i === 0 ? [] : ['', 'passed on from']), ...describeLicence(one)]),
    ...section(allocations.map(describeAllocation)),
    ...section(refunds.map(describeRefund)),
    ...section(
      statusLists.map((list) =>
        list === null ? UNREADABLE : `with the status list ${list.uri} of ${formatTime(list.issuedAtMs)}`,
      ),
    ),
    ...section(bundle.attestations.map(() => 'with what a slicer vouches for')),
    dim('not verified: `portcullis licence verify` does that'),
  )
}

const UNREADABLE = 'with a token that cannot be read'

function section(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', ...lines]
}

type ShownClaims = Readonly<Record<string, unknown>>

function describeAllocation(claims: ShownClaims | null): string {
  if (claims === null) return UNREADABLE
  const { copies, machine, licence, jti } = claims
  return `with ${String(copies)} copies of licence ${String(licence)} for ${String(machine)} (allocation ${String(jti)})`
}

function describeRefund(claims: ShownClaims | null): string {
  if (claims === null) return UNREADABLE
  const { copy, machine, licence, jti } = claims
  return `with copy ${String(copy)} of licence ${String(licence)} given back to ${String(machine)} (refund ${String(jti)})`
}

function claimsOf(token: string, kind: TokenKind): ShownClaims | null {
  const opened = openToken(token, kind)
  const json = opened.ok ? parseStrictJson(opened.token.payload) : undefined
  if (json?.ok !== true || typeof json.value !== 'object' || json.value === null) return null
  return json.value as ShownClaims
}

function openText(text: string, file: string): Bundle {
  const opened = openBundle(text)
  if (!opened.ok) throw new AgentError('LICENCE_UNREADABLE', `\`${file}\`: ${opened.refusal.message}`)
  return opened.bundle
}

function readOne(token: string, file: string): Licence {
  const reading = readLicence(token)
  if (reading.ok) return reading.unverified
  throw new AgentError('LICENCE_UNREADABLE', `\`${file}\`: ${reading.refusal.message}`)
}

/** `portcullis licence bundle` */
export async function bundle(
  files: readonly string[],
  options: { readonly out: string; readonly json?: true },
): Promise<void> {
  const lines = new Set<string>()
  for (const file of files) {
    for (const line of (await readLicenceFile(file)).split('\n'))
      if (line.trim() !== '') lines.add(line.trim())
  }
  const names = files.join(', ')
  const parts = openText([...lines].join('\n'), names)
  const licences = inChainOrder(parts.licences, names)
  const rest = [...lines].filter((line) => !parts.licences.includes(line))
  const text = [...licences, ...rest].join('\n')
  const { allocations, refunds, statusLists, attestations } = openText(text, names)
  await writeNew(options.out, `${text}\n`)
  const counts = {
    licences: licences.length,
    allocations: allocations.length,
    refunds: refunds.length,
    statusLists: statusLists.length,
    attestations: attestations.length,
  }
  if (options.json) sayJson({ out: options.out, ...counts })
  else say(`${green('written')}  ${options.out}: ${lines.size} ${lines.size === 1 ? 'token' : 'tokens'}`)
}

/** The licence that is used first, then the one that it names as its parent, and so on: one chain, and nothing beside it. */
function inChainOrder(tokens: readonly string[], names: string): readonly string[] {
  const byDigest = new Map(tokens.map((token) => [digestOf(token), token]))
  const parents = new Map(tokens.map((token) => [token, readOne(token, names).parentSha256]))
  const named = new Set(parents.values())
  const leaves = tokens.filter((token) => !named.has(digestOf(token)))
  if (leaves.length !== 1) throw badUsage(`these files hold ${leaves.length} licences that are not one chain`)
  const chain: string[] = []
  let next = leaves[0]
  while (next !== undefined && !chain.includes(next)) {
    chain.push(next)
    const parent = parents.get(next)
    next = parent === undefined ? undefined : byDigest.get(parent)
  }
  if (chain.length === tokens.length) return chain
  throw badUsage('these files hold licences that are not one chain')
}

function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
