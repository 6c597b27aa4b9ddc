/** What a licence says of a job, a place and people, and does not find: the rows of the refusals of that kind. */
import { formatTime, quoteInput, showInput } from './plain-text.ts'
import { type Explanation, listInput, NEW_FROM_ISSUER, said } from './refusal-words.ts'

export const TERMS_REFUSALS = {
  /** An issuer that is trusted here, and not for this. */
  'outside-authority': {
    remedy:
      "ask an issuer that may speak for it, or have this site's trust store changed by whoever keeps it",
    explain: (what: string, value: string, limit: string): Explanation => said(what, showInput(value), limit),
  },
  'issuer-revoked': {
    remedy: 'ask the issuer for a licence under its new certificates',
    explain: (certificate: string): Explanation =>
      said(`${certificate} was revoked in this site's trust store`),
  },
  revoked: {
    remedy: 'ask the issuer why, and dispute it with the issuer if you think it wrong',
    explain: (listedAtMs: number): Explanation =>
      said(`licence was revoked by its issuer (status list of ${formatTime(listedAtMs)})`),
  },
  suspended: {
    remedy: 'ask the issuer to lift the suspension, then publish and fetch its status list again',
    explain: (listedAtMs: number): Explanation =>
      said(`licence is suspended by its issuer (status list of ${formatTime(listedAtMs)})`),
  },
  'status-missing': {
    remedy: 'bring the newest status list of the issuer: `portcullis licence status add FILE`',
    explain: (uri: string): Explanation =>
      said(`licence asks for the status list ${quoteInput(uri)}, and none is here`),
  },
  'status-stale': {
    remedy: 'bring the newest status list of the issuer: `portcullis licence status add FILE`',
    explain: (listedAtMs: number, oldestMs: number): Explanation =>
      said(
        `status list is of ${formatTime(listedAtMs)}, the licence asks for one of ${formatTime(oldestMs)} or later`,
        formatTime(listedAtMs),
        formatTime(oldestMs),
      ),
  },
  'status-unusable': {
    remedy: 'ask the issuer for its status list again',
    explain: (what: string): Explanation => said(`status list cannot be used: ${what}`),
  },
  'status-rolled-back': {
    remedy: 'bring the newest status list of the issuer; an older one than was seen here is not used',
    explain: (listedAtMs: number, seenMs: number): Explanation =>
      said(
        `status list is of ${formatTime(listedAtMs)}, one of ${formatTime(seenMs)} was seen here`,
        formatTime(listedAtMs),
        formatTime(seenMs),
      ),
  },
  'clock-untrusted': {
    remedy: "set this machine's clock, or let a witness or a newer status list confirm the time",
    explain: (what: string): Explanation => said(`the time is not sure enough for this licence: ${what}`),
  },
  'other-printer': {
    remedy: 'print on the printer that the licence names, or ask the issuer for a licence for this one',
    explain: (part: string, value: string, limit: string): Explanation =>
      said(
        `licence is for a printer whose ${part} is ${quoteInput(limit)}, here it is ${quoteInput(value)}`,
        showInput(value),
        showInput(limit),
      ),
  },
  'printer-unknown': {
    remedy:
      'connect the printer so that it can be told which one it is, or ask for a licence without that demand',
    explain: (what: string, value: string, limit: string): Explanation => said(what, value, limit),
  },
  'other-material': {
    remedy: 'load a material that the licence names, and say which with `--material`',
    explain: (value: string, licensed: readonly string[]): Explanation =>
      said(
        `licence is for ${listInput(licensed)}, loaded is ${quoteInput(value)}`,
        showInput(value),
        licensed.join(', '),
      ),
  },
  'material-undeclared': {
    remedy: 'say what is loaded: `--material type=PLA,vendor=...,lot=...`',
    explain: (licensed: readonly string[]): Explanation =>
      said(
        `licence is for ${listInput(licensed)}, and nobody said what is loaded`,
        'unknown',
        licensed.join(', '),
      ),
  },
  'other-operator': {
    remedy: 'let one of the operators start it whom the licence names, or ask the issuer',
    explain: (value: string, licensed: readonly string[]): Explanation =>
      said(
        `licence is for ${listInput(licensed)}, this is ${quoteInput(value)}`,
        showInput(value),
        licensed.join(', '),
      ),
  },
  'operator-undeclared': {
    remedy: 'say who starts it: `--user NAME`, and `--role ROLE` where the licence names roles',
    explain: (licensed: readonly string[]): Explanation =>
      said(
        `licence is for ${listInput(licensed)}, and nobody said who starts it`,
        'nobody',
        licensed.join(', '),
      ),
  },
  'outside-envelope': {
    remedy: 'slice the job within the limits of the licence, or ask the issuer for wider ones',
    explain: (what: string, value: string, side: 'above' | 'below', limit: string): Explanation =>
      said(`${what} ${value} is ${side} the licence's limit of ${limit}`, value, limit),
  },
  'slicing-unattested': {
    remedy: 'slice the design with a slicer that attests it, and keep its attestation beside the licence',
    explain: (what: string): Explanation => said(`licence asks for an attested slicing: ${what}`),
  },
  'slicer-not-trusted': {
    remedy: 'slice it with a slicer that the licence and this site trust',
    explain: (slicer: string): Explanation =>
      said(`slicer ${quoteInput(slicer)} is not one that may attest this design here`, showInput(slicer)),
  },
  'transform-not-allowed': {
    remedy: 'slice the design as the licence allows it',
    explain: (what: string, value: string, limit: string): Explanation =>
      said(`the design was ${what}, which the licence does not allow`, value, limit),
  },
  'end-use-undeclared': {
    remedy: 'say it with `--end-use`, `--destination` or `--end-user`',
    explain: (what: string): Explanation => said(`licence binds ${what}, and nobody declared it`),
  },
  'other-end-use': {
    remedy: 'use the licence for what it was given, or ask the issuer for another',
    explain: (what: string, value: string, limit: string): Explanation =>
      said(`licence is for ${what} ${limit}, declared is ${quoteInput(value)}`, showInput(value), limit),
  },
  'screening-hit': {
    remedy: 'let whoever answers for compliance look at the match and release or refuse the job',
    explain: (what: string, value: string, entry: string): Explanation => said(what, showInput(value), entry),
  },
  'screening-unready': {
    remedy: 'bring the current screening lists: `portcullis licence screening add FILE`',
    explain: (what: string): Explanation => said(what),
  },
  'tier-too-loose': {
    remedy: 'ask the issuer for a licence of that tier',
    explain: (why: string, value: string, limit: string): Explanation =>
      said(`${why}, which makes it ${limit}; the licence is for tier ${value}`, value, limit),
  },
  'class-unknown': {
    remedy: 'update the dictionary of classes, or let whoever answers for compliance look at it',
    explain: (code: string): Explanation =>
      said(`class ${quoteInput(code)} is in no dictionary of this version`, showInput(code)),
  },
  'exemption-not-recognised': {
    remedy: 'ask an authority that this site lets grant exemptions, or a licence without one',
    explain: (basis: string, authority: string): Explanation =>
      said(`${quoteInput(authority)} may not grant a ${basis} exemption here`, showInput(authority)),
  },
  'obligation-overdue': {
    remedy: 'file the report: `portcullis licence report`',
    explain: (dueMs: number): Explanation =>
      said(
        `a report that this licence asks for was due at ${formatTime(dueMs)}`,
        'no report',
        formatTime(dueMs),
      ),
  },
  'assurance-too-low': {
    remedy: 'print where the log is witnessed, or ask the issuer for a licence that asks for less',
    explain: (value: string, limit: string): Explanation =>
      said(`licence asks for the assurance \`${limit}\`, this gate reaches \`${value}\``, value, limit),
  },
  'copies-used-up-today': {
    remedy: 'wait until tomorrow (UTC), or ask the issuer for more copies a day',
    explain: (used: number, copies: number): Explanation =>
      said(`${used} of ${copies} copies a day are used`, used, copies),
  },
  'filament-used-up': {
    remedy: NEW_FROM_ISSUER,
    explain: (usedMm: number, limitMm: number): Explanation =>
      said(
        `with this job ${Math.round(usedMm)} mm of filament are used, the licence allows ${limitMm} mm`,
        `${Math.round(usedMm)} mm`,
        `${limitMm} mm`,
      ),
  },
  'allocation-missing': {
    remedy: 'ask the issuer to allocate copies to this machine: `portcullis licence allocate`',
    explain: (machines: number): Explanation =>
      said(`licence is shared by ${machines} machines, and none of its copies is allocated to this one`),
  },
  'parent-missing': {
    remedy: 'keep the whole chain of licences in one file: the sub-licence first, then each parent',
    explain: (): Explanation => said('licence is a sub-licence, and its parent is not with it'),
  },
  'delegation-not-allowed': {
    remedy: 'ask the issuer for a licence that may be passed on',
    explain: (what: string): Explanation => said(what),
  },
  'not-a-subset': {
    remedy: 'ask the licensee who passed it on for one within its own licence',
    explain: (claim: string): Explanation =>
      said(`sub-licence allows more than its parent in ${quoteInput(claim)}`, showInput(claim)),
  },
  'drill-only': {
    remedy: 'run the drill on the built-in printer: `--port sim`',
    explain: (): Explanation => said('licence was made for a drill, and never reaches a real printer'),
  },
  'refund-unusable': {
    remedy: 'ask the issuer for the refund again, for this licence and this copy',
    explain: (what: string): Explanation => said(`refund cannot be used: ${what}`),
  },
} as const
