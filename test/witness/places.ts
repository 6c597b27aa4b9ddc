/** Witnesses and liars on real ports, for the tests of the client. They end with the test. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { printNoteKey } from '../../agent/verify/index.ts'
import {
  type ClientPolicy,
  readClientPolicy,
  serveWitness,
  Witness,
  type WitnessedLog,
  type WitnessServer,
} from '../../agent/witness/index.ts'
import type { WitnessSigner } from '../../agent/witness/signer.ts'
import { scratchFolder } from '../audit/records.ts'
import { newSigner, type TestLog, Told } from './test-log.ts'

/** Looks again and again until it is so, with patience for a busy machine. */
export const eventually = (look: () => unknown): ReturnType<typeof expect.poll> =>
  expect.poll(look, { timeout: 15_000, interval: 10 })

export interface RealWitness {
  readonly name: string
  readonly url: string
  readonly port: number
  readonly signer: WitnessSigner
  readonly witness: Witness
  readonly server: WitnessServer
  /** Serves the same folder at the same place again. */
  again(): Promise<void>
  stop(): Promise<void>
}

/** A real witness that knows the log. */
export async function realWitness(name: string, log: Pick<TestLog, 'origin' | 'key'>): Promise<RealWitness> {
  const signer = newSigner(`witness.test/${name}`)
  const dir = join(scratchFolder(), 'witness')
  const logger = new Told()
  const logs = new Map([[log.origin, [log.key]]])
  const witness = await Witness.open({ dir, signer, logs, logger })
  let server = await serveWitness(witness, { host: '127.0.0.1', port: 0 }, logger, { leaveMs: 100 })
  const { url } = server
  const port = Number(new URL(url).port)
  const again = async (): Promise<void> => {
    const next = await Witness.open({ dir, signer, logs, logger })
    server = await serveWitness(next, { host: '127.0.0.1', port }, logger, { leaveMs: 100 })
  }
  const stop = (): Promise<void> => server.close()
  onTestFinished(stop)
  return { name, url, port, signer, witness, server, again, stop }
}

export interface Liar {
  readonly name: string
  readonly url: string
  readonly signer: WitnessSigner
  /** The bodies that it was sent. */
  readonly heard: string[]
}

/** What somebody answers who says whatever the test wants. */
export type Answer = (body: string, response: ServerResponse, request: IncomingMessage) => void

/** A server under a witness's name that answers as it is told. */
export async function liar(name: string, answer: (signer: WitnessSigner) => Answer): Promise<Liar> {
  const signer = newSigner(`witness.test/${name}`)
  const heard: string[] = []
  const say = answer(signer)
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const body = Buffer.concat(parts).toString()
      heard.push(body)
      say(body, response, request)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { name, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, signer, heard }
}

/** Answers with a status, a body and its type. */
export const say =
  (status: number, body: string, type = 'text/plain'): Answer =>
  (_, response) => {
    response.writeHead(status, { 'content-type': type }).end(body)
  }

export const saySize = (size: number | string): Answer => say(409, `${size}\n`, 'text/x.tlog.size')

/** The text of the checkpoint in a submission. */
export function textIn(body: string): string {
  const [, text = ''] = /\n\n([\s\S]*\n)\n/.exec(body) ?? []
  return text
}

/** A log of the test as the client sees its own. */
export function asOwn(log: TestLog): WitnessedLog {
  return {
    key: log.key,
    checkpoint: async () => log.note(),
    consistencyProof: async (from, to) => log.proof(from, to),
  }
}

/** A policy of these witnesses with this quorum; `all` and `any` stand for a group of all of them. */
export function policyOf(
  witnesses: readonly { readonly name: string; readonly url: string; readonly signer: WitnessSigner }[],
  quorum: 'all' | 'any' | number = 'all',
): ClientPolicy {
  const lines = witnesses.map(
    ({ name, url, signer }) => `witness ${name} ${printNoteKey(signer.key)} ${url}\n`,
  )
  const names = witnesses.map(({ name }) => name).join(' ')
  return readClientPolicy('test', Buffer.from(`${lines.join('')}group g ${quorum} ${names}\nquorum g\n`))
}
