/** Which witnesses the agent asks, as a C2SP tlog-policy file names them. */
import { AgentError } from '../errors.ts'
import { isProblem, parseTlogPolicy, type TlogPolicy } from '../verify/index.ts'

/** As many as one record can name. */
const WITNESSES_MAX = 32

/** A policy whose quorum can be reached by asking. */
export interface ClientPolicy {
  readonly tlog: TlogPolicy
  /** The submission prefix of each witness by its name, without a slash at its end; null for those without an address. */
  readonly prefixes: ReadonlyMap<string, string | null>
}

/** Reads the file that is called `path` in messages. Throws CONFIG_INVALID. */
export function readClientPolicy(path: string, bytes: Uint8Array): ClientPolicy {
  const invalid = (why: string): AgentError =>
    new AgentError('CONFIG_INVALID', `policy of witnesses \`${path}\`: ${why}`)
  const tlog = parseTlogPolicy(bytes)
  if (isProblem(tlog)) throw invalid(tlog.problem)
  if (tlog.witnesses.length > WITNESSES_MAX)
    throw invalid(`it names ${tlog.witnesses.length} witnesses, above the limit of ${WITNESSES_MAX}`)
  if (tlog.isSatisfiedBy([]))
    throw invalid('its quorum asks for no witness; name one, or leave the witnesses out')
  const prefixes = new Map<string, string | null>()
  for (const { name, url } of tlog.witnesses) {
    const prefix = url === null ? null : readPrefix(url)
    if (prefix === undefined)
      throw invalid(
        `\`${url}\` is no address of a witness: \`http://\` or \`https://\`, a host, and perhaps a path`,
      )
    prefixes.set(name, prefix)
  }
  const withAddress = tlog.witnesses.filter(({ name }) => prefixes.get(name) !== null)
  if (!tlog.isSatisfiedBy(withAddress.map(({ key }) => key)))
    throw invalid(`quorum \`${tlog.quorum}\` cannot be reached: give its witnesses their addresses`)
  return { tlog, prefixes }
}

/** Undefined where it is none. A name and password in it would be sent in the clear, and no witness asks for them. */
function readPrefix(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  const isPlain = url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  if (!isPlain || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined
  return url.href.replace(/\/+$/, '')
}
