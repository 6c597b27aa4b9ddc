/** Who may start it. */
import { deny, type Objection, refuse } from '../../token/index.ts'
import { isNameOf } from '../commitment.ts'
import type { Declarations, LicenceContext } from '../context.ts'
import type { Licence, LicensedOperator } from '../licence.ts'
import { describeOperator } from '../words.ts'

export function checkOperators({ operators }: Licence, { declared }: LicenceContext): readonly Objection[] {
  if (operators.length === 0) return []
  const matches = operators.map((wanted) => match(declared, wanted))
  if (matches.includes('fits')) return []
  const licensed = [...new Set(operators.map(describeOperator))]
  if (matches.includes('unsaid')) return [deny(refuse('operator-undeclared', licensed))]
  const { operator, role } = declared
  const said = [operator, role === undefined ? undefined : `role ${role}`].filter((one) => one !== undefined)
  return [deny(refuse('other-operator', said.join(', '), licensed))]
}

function match({ operator, role }: Declarations, wanted: LicensedOperator): 'fits' | 'unsaid' | 'differs' {
  if (wanted.kind === 'role') {
    if (role === undefined) return 'unsaid'
    return role === wanted.role ? 'fits' : 'differs'
  }
  if (operator === undefined) return 'unsaid'
  return isNameOf(wanted.commitment, operator) ? 'fits' : 'differs'
}
