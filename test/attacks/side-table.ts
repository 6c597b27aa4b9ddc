/** Attacks on the erasable side table: what names people, and what tells that something was erased. */
import { createHash } from 'node:crypto'
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { eraseSubject } from '../../agent/erase-subject.ts'
import { commitMembers } from '../../agent/log-format/index.ts'
import { openVault, type Vault } from '../../agent/vault/index.ts'
import { verifyHidden } from '../../agent/verify-hidden.ts'
import type { Family, Observation } from './attack.ts'
import { observe } from './observe.ts'
import type { Scene } from './scene.ts'
import { PEOPLE, personOf } from './workshop.ts'

const DETECTED = { none: 'detected', kept: 'detected', witness: 'detected' } as const
const PREVENTED = { none: 'prevented', kept: 'prevented', witness: 'prevented' } as const
const LOST = { none: 'not defended', kept: 'not defended', witness: 'not defended' } as const

/** A decision, by its index, that hides two members. */
const DECISION = 110
const BLOCK_BYTES = 256
const HEADER_BYTES = 44

/** Somebody's rows. */
interface Rows {
  readonly path: string
  readonly subject: string
  /** Where each of them begins, and its bytes. */
  readonly rows: readonly { readonly at: number; readonly bytes: Buffer }[]
}

/** The file in which the row of a record lies. */
function rowsOf(scene: Scene, index: number): Rows {
  const subject = subjectOf(scene, index)
  const folder = join(scene.vaultDir, subject)
  const path = join(folder, readdirSync(folder).find((name) => name.endsWith('.rows')) ?? '')
  const file = readFileSync(path)
  const rows = []
  for (let at = 0; at < file.length; at += file.readUInt32BE(at + 8) * BLOCK_BYTES)
    rows.push({ at, bytes: file.subarray(at, at + file.readUInt32BE(at + 8) * BLOCK_BYTES) })
  return { path, subject, rows }
}

const subjectOf = (scene: Scene, index: number): string =>
  scene.site.truth.hidden.get(index)?.sealed.subject ?? ''

const commitmentOf = (scene: Scene, index: number): Buffer =>
  Buffer.from(scene.site.truth.hidden.get(index)?.sealed.commitment ?? '', 'hex')

/** Where the row of a record is among those of its file. */
function placeOf(scene: Scene, { rows }: Rows, index: number): number {
  return rows.findIndex(({ bytes }) => bytes.subarray(12, HEADER_BYTES).equals(commitmentOf(scene, index)))
}

function replaceRows({ path }: Rows, rows: readonly Buffer[]): void {
  writeFileSync(path, Buffer.concat(rows))
}

/** The vault as its owner opens it, who has its key. */
async function withVault<T>(scene: Scene, work: (vault: Vault) => Promise<T>): Promise<T> {
  const vault = await openVault(scene.vaultDir, { wrappingKey: scene.site.state.wrappingKey })
  try {
    return await work(vault)
  } finally {
    await vault.close()
  }
}

export const SIDE_TABLE: Family = {
  title: 'The side table',
  note: 'The log commits to what lies there, so nothing in it can be passed off as something else. That something is gone is told by `audit verify` of the state folder, which opens all of it: *missing* is not *erased*, and what was erased is on record.',
  attacks: [
    {
      id: 'rows-moved',
      what: 'two rows change places',
      needs: ['write'],
      expected: PREVENTED,
      strike: (scene) => {
        const found = rowsOf(scene, DECISION)
        replaceRows(found, found.rows.map(({ bytes }) => bytes).reverse())
      },
    },
    {
      id: 'rows-swapped',
      what: 'what two rows hold changes places',
      needs: ['write'],
      expected: DETECTED,
      named: /record 20\b/,
      strike: (scene) => {
        const found = rowsOf(scene, DECISION)
        const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = sameSize(scene, found)
        const swapped = found.rows.map(({ bytes }) => {
          if (bytes === first) return withBody(first, second)
          return bytes === second ? withBody(second, first) : bytes
        })
        replaceRows(found, swapped)
      },
    },
    {
      id: 'row-of-another',
      what: 'a row is put among those of another person, under their month',
      needs: ['write'],
      expected: DETECTED,
      named: /record 110\b/,
      strike: (scene) => {
        const [from, to] = [rowsOf(scene, DECISION), rowsOf(scene, DECISION + 10)]
        const at = placeOf(scene, from, DECISION)
        const moved = from.rows[at]?.bytes ?? Buffer.alloc(0)
        replaceRows(from, from.rows.map(({ bytes }) => bytes).toSpliced(at, 1))
        replaceRows(to, [...to.rows.map(({ bytes }) => bytes), moved])
      },
    },
    {
      id: 'row-deleted',
      what: 'a row is taken out',
      needs: ['write'],
      expected: DETECTED,
      named: /record 110\b/,
      strike: (scene) => {
        const found = rowsOf(scene, DECISION)
        replaceRows(found, found.rows.map(({ bytes }) => bytes).toSpliced(placeOf(scene, found, DECISION), 1))
      },
    },
    {
      id: 'hidden-changed',
      what: 'a row says something else, under the right key and the old commitment',
      needs: ['write', 'vaultKey'],
      expected: DETECTED,
      named: /record 110\b/,
      strike: forgeRow,
    },
    {
      id: 'month-key-deleted',
      what: 'the key of a person’s month is deleted',
      needs: ['write'],
      expected: DETECTED,
      named: /record 20\b/,
      strike: (scene) => rmSync(rowsOf(scene, DECISION).path.replace(/rows$/, 'key')),
    },
    {
      id: 'subject-deleted',
      what: 'a person’s folder is deleted',
      needs: ['write'],
      expected: DETECTED,
      named: /record 20\b/,
      strike: (scene) => rmSync(join(scene.vaultDir, subjectOf(scene, DECISION)), { recursive: true }),
    },
    {
      id: 'vault-deleted',
      what: 'the whole side table is deleted',
      needs: ['write'],
      expected: DETECTED,
      named: /record 2\b/,
      strike: (scene) => rmSync(scene.vaultDir, { recursive: true }),
    },
    {
      id: 'vault-head-deleted',
      what: 'the head of the side table is deleted',
      needs: ['write'],
      expected: DETECTED,
      named: /its head is missing/,
      strike: (scene) => rmSync(join(scene.vaultDir, 'vault')),
    },
    {
      id: 'old-vault',
      what: 'the side table as it was before the anchor',
      needs: ['write', 'copy'],
      expected: DETECTED,
      named: /record 300\b/,
      strike: (scene) => {
        rmSync(scene.vaultDir, { recursive: true })
        cpSync(join(scene.site.folders.old, 'vault'), scene.vaultDir, { recursive: true })
      },
    },
    {
      id: 'names-swapped',
      what: 'two people’s name files change places: neither opens, and both are without a name',
      needs: ['write'],
      expected: LOST,
      strike: (scene) => {
        const [a, b] = [DECISION, DECISION + 10].map((index) =>
          join(scene.vaultDir, subjectOf(scene, index), 'name'),
        )
        if (a === undefined || b === undefined) return
        const bytes = readFileSync(a)
        writeFileSync(a, readFileSync(b))
        writeFileSync(b, bytes)
      },
      observe: observeNames,
    },
    {
      id: 'dictionary',
      what: 'a commitment is tried against every name that there is, without its salt',
      needs: ['write'],
      expected: PREVENTED,
      strike: () => {},
      observe: guess,
    },
    {
      id: 'erased-past-the-log',
      what: 'a person is erased in the side table, and not on record',
      needs: ['write', 'vaultKey'],
      expected: DETECTED,
      named: /record 20\b.*no record says so/,
      strike: (scene) =>
        withVault(scene, async (vault) => {
          await vault.erase(subjectOf(scene, DECISION), { keepFromMs: null })
        }),
    },
    {
      id: 'erasure-undone-key',
      what: 'a key of somebody who was erased is put back from a copy',
      needs: ['write', 'copy'],
      expected: PREVENTED,
      strike: (scene) => undoErasure(scene, (name) => !name.endsWith('erased')),
      observe: observeErased,
    },
    {
      id: 'erasure-undone',
      what: 'the side table is put back as it was before somebody was erased',
      needs: ['write', 'copy', 'vaultKey'],
      expected: LOST,
      strike: (scene) => undoErasure(scene, () => true),
      observe: observeErased,
    },
  ],
}

/** Two rows of one length, the first that of the decision. */
function sameSize(scene: Scene, found: Rows): readonly Buffer[] {
  const first = found.rows[placeOf(scene, found, DECISION)]?.bytes ?? Buffer.alloc(0)
  return [
    first,
    found.rows.find(({ bytes }) => bytes !== first && bytes.length === first.length)?.bytes ?? first,
  ]
}

/** A row with the header of one and the cipher text of another. */
function withBody(header: Buffer, body: Buffer): Buffer {
  return Buffer.concat([header.subarray(0, HEADER_BYTES), body.subarray(HEADER_BYTES)])
}

/** Seals other members for the same person, and puts their cipher text under the commitment of the log. */
async function forgeRow(scene: Scene): Promise<void> {
  const subject = subjectOf(scene, DECISION)
  const before = rowsOf(scene, DECISION)
  const forged = await withVault(scene, (vault) =>
    vault.seal(
      subject,
      { ...JSON.parse(scene.site.truth.hidden.get(DECISION)?.fields ?? ''), user: PEOPLE[0] },
      Date.now(),
    ),
  )
  const after = rowsOf(scene, DECISION)
  const row = after.rows.find(({ bytes }) => bytes.toString('hex', 12, HEADER_BYTES) === forged.commitment)
  const at = placeOf(scene, before, DECISION)
  const bytes = Buffer.from(row?.bytes ?? Buffer.alloc(0))
  commitmentOf(scene, DECISION).copy(bytes, 12)
  replaceRows(after, before.rows.map(({ bytes: own }) => own).with(at, bytes))
}

/** Who is whom, after the names were meddled with. */
async function observeNames(scene: Scene): Promise<Observation> {
  const observed = await observe(scene)
  const names = await withVault(
    scene,
    async (vault) => new Map((await vault.subjects()).map(({ subject, name }) => [subject, name])),
  )
  const people = [DECISION, DECISION + 10].map((index) => ({
    index,
    name: names.get(subjectOf(scene, index)),
  }))
  for (const { index, name } of people)
    if (typeof name === 'string' && name !== personOf(index)) throw new Error('somebody has another’s name')
  const first = people.find(({ name }) => name === null)
  return { ...observed, harmedFrom: first?.index ?? observed.harmedFrom }
}

/** Everything that can be tried as a salt by whoever has the log and not the side table. */
function guess(scene: Scene): Promise<Observation> {
  const { truth } = scene.site
  const { sealed, fields } = truth.hidden.get(DECISION) ?? { sealed: undefined, fields: '{}' }
  const record = truth.records[DECISION] ?? ''
  const hidden = JSON.parse(fields) as object
  const known = ['', record, sealed?.subject ?? '', sealed?.commitment ?? '', scene.site.logKey.name]
  const salts = [
    Buffer.alloc(32),
    Buffer.alloc(32, 0xff),
    ...known.map((text) => createHash('sha256').update(text).digest()),
    commitmentOf(scene, DECISION),
    Buffer.from(scene.site.logKey.publicKey),
  ]
  const names = [...PEOPLE, ...Array.from({ length: 200 }, (_, i) => `Member ${i}`)]
  // The attacker is given everything else that the record hides.
  const isFound = names.some((user) =>
    salts.some((salt) => commitMembers({ ...hidden, user }, salt) === sealed?.commitment),
  )
  const none = { none: null, kept: null, witness: null }
  const said = { none: [], kept: [], witness: [] }
  return Promise.resolve({ harmedFrom: isFound ? DECISION : null, noted: [], said, vouchedFor: none })
}

/** Erases somebody as it should be done, and then puts files of the side table back that `isBack` chooses. */
async function undoErasure(scene: Scene, isBack: (name: string) => boolean): Promise<void> {
  const ledger = await scene.open()
  try {
    const order = { subject: subjectOf(scene, DECISION), by: null, nowMs: Date.now() }
    await eraseSubject(ledger, { keepDays: null, mustKeepDays: 0 }, order)
  } finally {
    await ledger.close()
  }
  if (isBack('erased')) rmSync(scene.vaultDir, { recursive: true })
  cpSync(join(scene.site.folders.end, 'vault'), scene.vaultDir, {
    recursive: true,
    force: true,
    filter: (path) => isBack(path),
  })
}

/** Whether what was erased can be read again, and whether a start and the check of the state folder say so. */
async function observeErased(scene: Scene): Promise<Observation> {
  const ledger = await scene.open()
  const sealed = scene.site.truth.hidden.get(DECISION)?.sealed
  const row = await ledger.vault.open(sealed ?? { subject: '', commitment: '' })
  await ledger.close()
  const { logDir, vaultDir, site } = scene
  const { findings } = await verifyHidden({ logDir, vaultDir, wrappingKey: site.state.wrappingKey })
  const said = findings.map(({ code, index, message }) => ({
    by: 'verify' as const,
    place: `record ${index}`,
    text: `${scene.words(message)} (${code})`,
  }))
  return {
    harmedFrom: 'fields' in row ? DECISION : null,
    noted: [],
    said: { none: said, kept: [], witness: [] },
    vouchedFor: { none: null, kept: null, witness: null },
  }
}
