/** A licence in plain words. */
import { formatTime } from '../token/index.ts'
import type { DesignDigest, Licence } from './licence.ts'

/** Enough of a digest to tell two designs apart by eye. */
const DIGEST_CHARS_SHOWN = 16

/** Says what a licence allows, one line for each thing it limits. All text in it was checked when it was read. */
export function describeLicence(licence: Licence): readonly string[] {
  const { design } = licence
  const name = design.title === undefined ? design.id : `${design.title} (${design.id})`
  return [
    `licence ${licence.id}`,
    `issued by ${licence.issuer} at ${formatTime(licence.issuedAtMs)}, tier ${licence.tier}`,
    `allows ${licence.licensee} to print`,
    `${name}, revision ${design.revision}`,
    licence.grant.copies === 1 ? 'one copy' : `up to ${licence.grant.copies} copies`,
    `on ${joinWords(
      licence.machines.map(({ id }) => id),
      'or',
    )}`,
    `from ${formatTime(licence.notBeforeMs)} until just before ${formatTime(licence.expiresAtMs)}`,
    `and only from ${joinWords(design.digests.map(describeDigest), 'or')}`,
  ]
}

function describeDigest({ form, sha256 }: DesignDigest): string {
  const short = `${sha256.slice(0, DIGEST_CHARS_SHOWN)}...`
  if (form === 'gcode-raw') return `the very file with SHA-256 ${short}`
  if (form === 'model') return `the model with SHA-256 ${short}`
  return `any G-code with the same commands (SHA-256 ${short})`
}

function joinWords(words: readonly string[], last: 'and' | 'or'): string {
  if (words.length <= 1) return words.join('')
  return `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`
}
