/** One attack's own copies of everything: the state folder that is attacked, and the witness's. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { vi } from 'vitest'
import { type Ledger, openLedger } from '../../agent/ledger.ts'
import { openStateFolder } from '../../agent/state-folder.ts'
import { entriesOf } from './forge.ts'
import { Neighbour } from './neighbour.ts'
import { PLACE, SIZES, type Site, type SiteFolder } from './site.ts'
import { timeOf } from './workshop.ts'

export class Scene {
  readonly site: Site
  /** The state folder that is attacked. */
  readonly root: string
  readonly logDir: string
  readonly vaultDir: string
  /** The folder of the witness, on another host. */
  readonly witnessDir: string
  readonly #base: string

  constructor(site: Site) {
    this.site = site
    this.#base = mkdtempSync(join(PLACE, 'portcullis-attack-'))
    this.root = join(this.#base, 'state')
    this.logDir = join(this.root, 'log')
    this.vaultDir = join(this.root, 'vault')
    this.witnessDir = join(this.#base, 'witness')
    cpSync(site.folders.end, this.root, { recursive: true })
    cpSync(site.folders.witness, this.witnessDir, { recursive: true })
    vi.setSystemTime(timeOf(SIZES.end))
  }

  /** Puts a whole folder back. */
  restore(from: SiteFolder, to = this.root): void {
    rmSync(to, { recursive: true, force: true })
    cpSync(this.site.folders[from], to, { recursive: true })
  }

  /** A path in the log's folder. */
  path(name: string): string {
    return join(this.logDir, name)
  }

  read(name: string): Buffer {
    return readFileSync(this.path(name))
  }

  write(name: string, bytes: Uint8Array | string): void {
    writeFileSync(this.path(name), bytes, { mode: 0o600 })
  }

  /** Changes what a file holds. */
  edit(name: string, change: (bytes: Buffer) => Uint8Array): void {
    this.write(name, change(this.read(name)))
  }

  remove(name: string): void {
    rmSync(this.path(name), { recursive: true })
  }

  entries(): Buffer[] {
    return entriesOf(this.logDir)
  }

  /** The segments of the journal that have records, in order. */
  segments(): string[] {
    return readdirSync(this.path('journal'))
      .sort()
      .map((name) => `journal/${name}`)
      .filter((name) => this.read(name).length > 0)
  }

  async open(): Promise<Ledger> {
    return await openLedger(await openStateFolder(this.root))
  }

  /** The witness as it is now. Whoever asks for it closes it. */
  witness(): Promise<Neighbour> {
    const { logKey, witnessKey: privateKey } = this.site
    // Its own clock goes right.
    return Neighbour.serve({ dir: this.witnessDir, privateKey, logKey, nowMs: () => timeOf(SIZES.end) })
  }

  /** How much of the log the witness has seen; null if nothing. */
  async witnessedSize(): Promise<number | null> {
    const neighbour = await this.witness()
    await neighbour.close()
    return neighbour.witness.logs()[0]?.size ?? null
  }

  end(): void {
    rmSync(this.#base, { recursive: true, force: true })
  }

  /** Words of a message, without what is another in each run. */
  words(message: string): string {
    return message
      .replaceAll(this.#base, '')
      .replace(/portcullis\/m-[0-9a-f]{16}\/l-[0-9a-f]{16}/g, 'portcullis/m-…/l-…')
      .replace(/\bs-[0-9a-f]{16}\b/g, 's-…')
      .replace(/[0-9a-f]{64}/g, '…')
      .replace(/, byte \d+ of/g, ' of')
      .replace(/ at byte \d+/g, '')
      .replace(/(process )\d+/g, '$1…')
  }
}
