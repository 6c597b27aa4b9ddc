/** What for, where to, and for whom: as whoever starts it declares it, on record. */
import { deny, type Objection, refuse } from '../../token/index.ts'
import { isNameOf } from '../commitment.ts'
import type { LicenceContext } from '../context.ts'
import type { Licence } from '../licence.ts'

export function checkEndUse({ endUse }: Licence, { declared }: LicenceContext): readonly Objection[] {
  const { code, countries, endUser } = endUse
  return [
    ...(code === undefined ? [] : judge('the end use', declared.endUse, code, (said) => said === code)),
    ...(countries.length === 0
      ? []
      : judge('the destination', declared.destination, countries.join(', '), (said) =>
          countries.includes(said.toUpperCase()),
        )),
    ...(endUser === undefined
      ? []
      : judge('the end user', declared.endUser, 'sealed in it', (said) => isNameOf(endUser, said))),
  ]
}

function judge(
  what: string,
  said: string | undefined,
  licensed: string,
  fits: (said: string) => boolean,
): readonly Objection[] {
  if (said === undefined) return [deny(refuse('end-use-undeclared', what))]
  return fits(said) ? [] : [deny(refuse('other-end-use', what, said, licensed))]
}
