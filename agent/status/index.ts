/** The status room's door: the lists in which an issuer says which of its licences it has withdrawn. */

export {
  makeStatusList,
  peekStatusList,
  readStatusList,
  type StatusClaims,
  type StatusList,
} from './status-list.ts'
