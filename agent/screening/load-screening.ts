/** The screening lists of the trust folder. */
import { join } from 'node:path'
import {
  formatTime,
  type LicenceRefusalCode,
  quoteInput,
  readBoundedFile,
  reasonAndRemedy,
  reasonOf,
  TOKEN_KINDS,
} from '../token/index.ts'
import {
  assertGuarded,
  namesInOptional,
  removeWhole,
  type Trust,
  unreadable,
  writeWhole,
} from '../trust/index.ts'
import { openScreeningList, type ScreeningList } from './screening-list.ts'

const SCREENING_FOLDER = 'screening'

/** So many lists of 1 MiB still leave most of what the inspector is told to the rest. */
const LISTS_MAX = 8

/** The lists of a place, as plain data, and what is wrong with those that are not among them. */
export interface Screening {
  /** Of each name the newest. */
  readonly lists: readonly ScreeningList[]
  /** Lists that are there and are not believed, each in a sentence: a job that must be screened waits for them. */
  readonly unusable: readonly string[]
}

export const NO_SCREENING: Screening = { lists: [], unusable: [] }

/**
 * Refusals of a list that was right and is no more. It screens nothing, which is told of each job; a file that never was
 * a list is a mistake of whoever put it there and fails with LICENCE_UNREADABLE.
 */
const NO_MORE: ReadonlySet<LicenceRefusalCode> = new Set([
  'issuer-expired',
  'issuer-not-yet-valid',
  'issuer-revoked',
  'untrusted-issuer',
  'outside-authority',
])

interface ListFile {
  readonly path: string
  readonly list: ScreeningList
}

/** The latest version of each list that was used at this place, by its URI. */
type SeenVersions = Readonly<Record<string, { readonly issuedAtMs: number; readonly sha256: string }>>

/**
 * `seen`: what the log knows of. A list that was used here is used again as that version or a newer one: whoever may write
 * the folder takes nobody off a list by putting an older version back, nor, unseen, by taking it away.
 */
export async function loadScreening(
  trustDir: string,
  trust: Trust,
  nowMs: number,
  seen: SeenVersions = {},
): Promise<Screening> {
  const { files, unusable } = await readFiles(trustDir, trust, nowMs)
  const newest = newestOfEach(files).map(({ list }) => list)
  const rolledBack = newest.filter((list) => isOlder(list, seen))
  const lost = unusable.length > 0 ? [] : missing(seen, newest, trust)
  return {
    lists: newest.filter((list) => !isOlder(list, seen)),
    unusable: [
      ...unusable,
      ...rolledBack.map(
        ({ name, version, issuedAtMs }) =>
          `screening list ${quoteInput(name)}, version ${quoteInput(version)} of ${formatTime(issuedAtMs)}, is not used: a newer one was used here`,
      ),
      ...lost,
    ],
  }
}

/** Whether it is not the latest that was used here, and not newer. */
function isOlder({ uri, issuedAtMs, sha256 }: ScreeningList, seen: SeenVersions): boolean {
  const before = Object.hasOwn(seen, uri) ? seen[uri] : undefined
  return before !== undefined && sha256 !== before.sha256 && issuedAtMs <= before.issuedAtMs
}

/** Lists that were used here and are gone. A site at which nobody may screen any more misses none. */
function missing(
  seen: SeenVersions,
  lists: readonly ScreeningList[],
  { authorities }: Trust,
): readonly string[] {
  if (!authorities.some(({ powers }) => powers.includes('screen'))) return []
  const here = new Set(lists.map(({ uri }) => uri))
  return Object.entries(seen)
    .filter(([uri]) => !here.has(uri))
    .map(
      ([uri, { issuedAtMs }]) =>
        `screening list ${quoteInput(uri)} of ${formatTime(issuedAtMs)} was used here and is gone`,
    )
}

/**
 * Adds a list after verifying it, and removes the version that it follows. Throws LICENCE_UNREADABLE where it is not
 * believed here, or is older than the one that is here.
 */
export async function addScreeningList(
  trustDir: string,
  trust: Trust,
  text: string,
  nowMs: number,
  seen: SeenVersions = {},
): Promise<ScreeningList> {
  const opened = await openScreeningList(text.trim(), trust, nowMs)
  if (!opened.ok) {
    throw unreadable(`screening list cannot be used here: ${reasonAndRemedy(opened)}`)
  }
  const { list } = opened
  if (isOlder(list, seen)) {
    throw unreadable(
      `screening list \`${list.name}\` is version \`${list.version}\`, and a newer one was used here; ask its publisher for the newest`,
    )
  }
  const { files } = await readFiles(trustDir, trust, nowMs)
  const [newest] = newestOfEach(files.filter((file) => file.list.uri === list.uri))
  if (newest !== undefined && newest.list.sha256 === list.sha256) return list
  if (newest !== undefined && newest.list.issuedAtMs >= list.issuedAtMs) {
    throw unreadable(
      `screening list \`${list.name}\` is version \`${list.version}\`, not newer than version \`${newest.list.version}\`, which is here; ask its publisher for the newest`,
    )
  }
  const others = new Set(files.map(({ list: { uri } }) => uri)).add(list.uri)
  if (others.size > LISTS_MAX)
    throw unreadable(`there are ${LISTS_MAX} screening lists already, the most there can be`)
  const path = join(trustDir, SCREENING_FOLDER, `${list.sha256.slice(0, 32)}.jwt`)
  await writeWhole(path, `${text.trim()}\n`, 'new')
  // Behind it: for a moment there are both, and the newer one counts.
  for (const file of files) if (file.list.uri === list.uri && file.path !== path) await removeWhole(file.path)
  return list
}

async function readFiles(
  trustDir: string,
  trust: Trust,
  nowMs: number,
): Promise<{ readonly files: readonly ListFile[]; readonly unusable: readonly string[] }> {
  const dir = join(trustDir, SCREENING_FOLDER)
  const files: ListFile[] = []
  const unusable: string[] = []
  // One more than the lists: the newer version of one comes before the older one goes.
  for (const name of await namesInOptional(dir, '.jwt', LISTS_MAX + 1, 'folder of screening lists')) {
    const path = join(dir, name)
    await assertGuarded(path, 'screening list')
    const bytes = await readBoundedFile(path, TOKEN_KINDS.screeningList.bytesMax + 1, 'screening list')
    const opened = await openScreeningList(bytes.toString('latin1').trim(), trust, nowMs)
    if (opened.ok) files.push({ path, list: opened.list })
    else if (NO_MORE.has(opened.refusal.code)) {
      unusable.push(`screening list \`${path}\` is not used: ${reasonOf(opened)}`)
    } else throw unreadable(`screening list \`${path}\` cannot be used: ${reasonOf(opened)}`)
  }
  return { files, unusable }
}

function newestOfEach(files: readonly ListFile[]): readonly ListFile[] {
  const newest = new Map<string, ListFile>()
  for (const file of files) {
    const other = newest.get(file.list.uri)
    if (other === undefined || other.list.issuedAtMs < file.list.issuedAtMs) newest.set(file.list.uri, file)
  }
  return [...newest.values()]
}
