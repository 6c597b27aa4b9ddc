/** What is found of a licence with such claims at such a place, told in short: by the real check, signatures and all. */
import { sign } from 'node:crypto'
import { type LicenceResult, verifyLicence } from '../../agent/licence/index.ts'
import type { Objection } from '../../agent/token/index.ts'
import { type ContextChanges, contextWith, plainClaims, signClaims } from './fixture.ts'

/** Three copies on one bench: what most tests change one thing of. */
export const oneBench: Readonly<Record<string, unknown>> = {
  ...plainClaims(),
  machines: [{ id: 'bench-1' }],
}

/** The claims of `oneBench` with these instead; undefined leaves one out. */
export async function verifyClaims(
  changes: object,
  context: ContextChanges = {},
  ...alongside: readonly string[]
): Promise<LicenceResult> {
  const token = await signClaims({ ...oneBench, ...changes })
  return verifyLicence([token, ...alongside].join('\n'), contextWith(context))
}

/** `allowed`, or each objection as `code`, `code (hold: site)` or `code (warn)`, in the order in which they are told. */
export function inShort(result: LicenceResult): string {
  const denied: readonly Objection[] = result.ok
    ? []
    : [{ outcome: 'deny', release: null, refusal: result.refusal }]
  const told = [...denied, ...result.objections].map(({ outcome, release, refusal }) => {
    if (outcome === 'deny') return refusal.code
    return outcome === 'hold' ? `${refusal.code} (hold: ${release})` : `${refusal.code} (warn)`
  })
  return told.join(', ') || 'allowed'
}

export async function judged(
  changes: object,
  context: ContextChanges = {},
  ...alongside: readonly string[]
): Promise<string> {
  return inShort(await verifyClaims(changes, context, ...alongside))
}

/** The sentences, in the same order. */
export async function sentences(
  changes: object,
  context: ContextChanges = {},
  ...alongside: readonly string[]
): Promise<readonly string[]> {
  const result = await verifyClaims(changes, context, ...alongside)
  const rest = result.objections.map(({ refusal }) => refusal.message)
  return result.ok ? rest : [result.refusal.message, ...rest]
}

/** A place with these changes to the machine, or to the time. */
export function machineWith(changes: Partial<ReturnType<typeof contextWith>['machine']>): ContextChanges {
  return { machine: { ...contextWith().machine, ...changes } }
}

export function timeWith(changes: Partial<ReturnType<typeof contextWith>['time']>): ContextChanges {
  return { time: { ...contextWith().time, ...changes } }
}

export function jobWith(changes: Partial<ReturnType<typeof contextWith>['job']>): ContextChanges {
  return { job: { ...contextWith().job, ...changes } }
}

export function trustWith(changes: Partial<ReturnType<typeof contextWith>['trust']>): ContextChanges {
  return { trust: { ...contextWith().trust, ...changes } }
}

/** A DSSE envelope in one line, by another hand than the one that reads them. */
export function attest(statement: object | string, key: Parameters<typeof sign>[2]): string {
  const type = 'application/vnd.in-toto+json'
  const payload = Buffer.from(typeof statement === 'string' ? statement : JSON.stringify(statement))
  const message = Buffer.concat([
    Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `),
    payload,
  ])
  const sig = sign(null, message, key).toString('base64')
  return JSON.stringify({
    payload: payload.toString('base64'),
    payloadType: type,
    signatures: [{ keyid: 'hint', sig }],
  })
}
