/** The vault room's only door: the erasable side table of the log. */
export { FIELDS_BYTES_MAX } from './format.ts'
export { possibleName } from './subjects.ts'
export { UnsealableError } from './trouble.ts'
export { openVault, type SubjectSummary, type Vault } from './vault.ts'
