/** The vault room's only door: the erasable side table of the log. */
export { openVault, type Vault } from './vault.ts'
