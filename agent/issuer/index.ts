/** The issuer room's door: make an issuer, keep it, and have it sign. */

export { createIssuer, type IssuerPart } from './authority.ts'
export { makeDelegateKey, readDelegateKey } from './delegate-key.ts'
export { issueLicence } from './issuer.ts'
export { IssuerFolder, type Prepared } from './issuer-folder.ts'
export { type Passphrase, saveIssuer } from './issuer-store.ts'
export type { LicenceOrder } from './order.ts'
export { exampleOrder } from './order-example.ts'
export { ORDER_KEYS, orderFileSchema } from './order-file.ts'
export { type FileDigests, filesOf, type NamedFile, toOrder } from './order-terms.ts'
export { dateMs } from './order-words.ts'
export { type IssuerOverview, overviewOf } from './overview.ts'
export { SUBLICENCE_KEYS, sublicenceFileSchema, toSublicenceClaims } from './sublicence-order.ts'
