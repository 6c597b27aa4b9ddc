/** The issuer room's door: make an issuer, keep it, and have it sign. */

export { createIssuer } from './authority.ts'
export { issueLicence } from './issuer.ts'
export { loadIssuer, saveIssuer } from './issuer-store.ts'
export type { LicenceOrder } from './order.ts'
