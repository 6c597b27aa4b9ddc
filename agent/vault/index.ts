/** The vault room's only door: the erasable side table of the log. */
export { openVault, type SubjectSummary, type Vault } from './vault.ts'
