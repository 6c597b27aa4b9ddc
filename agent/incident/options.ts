/** What a site says about incidents: whether they are sent by themselves, and where to. */
import { isIP } from 'node:net'
import { AgentError } from '../errors.ts'
import { isNear } from './near.ts'

export interface FileSinkOptions {
  readonly kind: 'file'
  readonly path: string
}

export interface SyslogSinkOptions {
  readonly kind: 'syslog'
  readonly host: string
  readonly port: number
  readonly protocol: 'tcp' | 'udp'
  /** Send in plain text beyond this machine and its private network. */
  readonly insecure?: boolean
}

export interface HttpSinkOptions {
  readonly kind: 'http'
  readonly url: string
  /** File with the bearer token. */
  readonly secretFile?: string
  /** Send in plain text beyond this machine and its private network, and the token beyond this machine. */
  readonly insecure?: boolean
}

export type SinkOptions = FileSinkOptions | SyslogSinkOptions | HttpSinkOptions

export interface IncidentOptions {
  readonly sink?: SinkOptions
  /** Send each incident to the sink as it is raised. */
  readonly automatic: boolean
  /** How many incidents may be raised in an hour. */
  readonly perHourMax: number
}

/** What is wrong with a sink by itself, as AgentError CONFIG_INVALID. Where names lead is seen when it is used. */
export function checkSink(sink: SinkOptions): void {
  if (sink.kind === 'file') return
  if (sink.kind === 'syslog') {
    if (isIP(sink.host) !== 0 && !isNear(sink.host) && sink.insecure !== true)
      throw invalid(
        `syslog is plain text, and \`${sink.host}\` is beyond the private network; set \`insecure: true\``,
      )
    return
  }
  const url = parseUrl(sink.url)
  if (url.username !== '' || url.password !== '')
    throw invalid('the `url` of the sink holds a password; put it into `secretFile`')
  if (url.protocol === 'https:' || sink.insecure === true) return
  const host = hostOf(url)
  if (isIP(host) !== 0 && !isNear(host))
    throw invalid(
      `\`${sink.url}\` is plain text beyond the private network; use https, or set \`insecure: true\``,
    )
}

/** The URL of a sink. Throws AgentError CONFIG_INVALID. */
export function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw invalid(`\`${text}\` is no address of a sink; write \`https://HOST/PATH\``)
  return url
}

/** Without the brackets of an IPv6 address. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '')
}

function invalid(message: string): AgentError {
  return new AgentError('CONFIG_INVALID', message)
}
