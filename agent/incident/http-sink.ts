/**
 * Incidents posted to an HTTP endpoint, one event a request, in CloudEvents' structured mode. Over TLS, or in plain text
 * where it stays within this machine and its private network. Redirects are not followed: they could lead anywhere.
 */
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import { eventLine } from './event.ts'
import { isLoopback, isNear, lookupOnly } from './near.ts'
import { type HttpSinkOptions, hostOf, parseUrl } from './options.ts'
import { readSecret } from './secret-file.ts'
import type { Dispatch, Sink } from './sink.ts'
import { Undeliverable } from './undeliverable.ts'

/** For the whole request: an endpoint that takes longer is asked again later. */
const ANSWER_WAIT_MS = 15_000
/** Statuses below 500 that pass: the endpoint is busy, or was too slow. */
const PASSING: readonly number[] = [408, 425, 429]

const TOO_FAR = 'plain text would leave the private network; use https'
const SECRET_TOO_FAR = 'the token would go over the network in plain text; use https'

export class HttpSink implements Sink {
  readonly #options: HttpSinkOptions
  readonly #url: URL

  constructor(options: HttpSinkOptions) {
    this.#options = options
    this.#url = parseUrl(options.url)
  }

  async send({ event }: Dispatch, signal: AbortSignal): Promise<void> {
    const { secretFile } = this.#options
    const secret = secretFile === undefined ? undefined : await readSecret(secretFile)
    const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WAIT_MS)])
    const status = await this.#post(Buffer.from(eventLine(event)), secret, limit)
    if (status >= 200 && status < 300) return
    const why = `the endpoint answered with status ${status}`
    throw status >= 500 || PASSING.includes(status) ? new Error(why) : new Undeliverable(why)
  }

  #post(body: Buffer, secret: string | undefined, signal: AbortSignal): Promise<number> {
    const isPlain = this.#url.protocol === 'http:'
    const isAllowed = (address: string): boolean =>
      !isPlain ||
      this.#options.insecure === true ||
      (secret === undefined ? isNear(address) : isLoopback(address))
    const tooFar = secret === undefined ? TOO_FAR : SECRET_TOO_FAR
    const host = hostOf(this.#url)
    // An address is connected to as it stands; only names are looked up.
    if (isIP(host) !== 0 && !isAllowed(host)) return Promise.reject(new Undeliverable(tooFar))
    const options = {
      method: 'POST',
      headers: {
        // Without a charset: the events are ASCII, and the SDK for JavaScript takes no parameter here.
        'content-type': 'application/cloudevents+json',
        'content-length': body.length,
        ...(secret !== undefined && { authorization: `Bearer ${secret}` }),
      },
      lookup: lookupOnly(isAllowed, tooFar),
      signal,
      // A connection of its own: nothing is kept open for the next incident, days later.
      agent: false as const,
    }
    return new Promise((resolve, reject) => {
      // Whatever the environment says, a certificate is checked.
      const request = isPlain
        ? httpRequest(this.#url, options)
        : httpsRequest(this.#url, { ...options, rejectUnauthorized: true })
      request.on('error', reject)
      request.on('response', (response) => {
        resolve(response.statusCode ?? 0)
        // What else it says is not waited for.
        request.destroy()
      })
      request.end(body)
    })
  }
}
