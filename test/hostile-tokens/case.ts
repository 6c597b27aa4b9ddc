/** One hostile input: what it is read as, and the code by which it must be refused. */
import { verifyLicence } from '../../agent/licence/index.ts'
import { readRefund } from '../../agent/licence/refund.ts'
import { readStatusList } from '../../agent/status/index.ts'
import type { LicenceRefusalCode } from '../../agent/token/index.ts'
import { trustIn } from '../../agent/trust/index.ts'
import { contextWith, issuer, NOW_MS } from '../licence/fixture.ts'

export interface HostileCase {
  readonly name: string
  readonly code: LicenceRefusalCode
  /** Which door it knocks at. */
  readonly as: 'licence' | 'status list' | 'refund'
  readonly text: string
  /** What the gate trusts, where it is not the issuer of the fixtures. */
  readonly anchorsPem?: readonly string[]
}

/** What the gate says to it: `accepted`, or the code of the refusal. */
export async function knock({ as, text, anchorsPem = [issuer.rootPem] }: HostileCase): Promise<string> {
  const result = await read(as, text, anchorsPem)
  return result.ok ? 'accepted' : result.refusal.code
}

async function read(
  as: HostileCase['as'],
  text: string,
  anchorsPem: readonly string[],
): Promise<{ readonly ok: true } | { readonly ok: false; readonly refusal: { readonly code: string } }> {
  if (as === 'status list') return await readStatusList(text, anchorsPem, NOW_MS)
  if (as === 'refund') return await readRefund(text, trustIn(anchorsPem), NOW_MS)
  return await verifyLicence(text, contextWith({ anchorsPem }))
}

/** Cases of one door from rows of a name, a code and a text. */
export function cases(
  as: HostileCase['as'],
  group: string,
  rows: readonly (readonly [name: string, code: LicenceRefusalCode, text: string])[],
): readonly HostileCase[] {
  return rows.map(([name, code, text]) => ({ name: `${group}: ${name}`, code, as, text }))
}
