import { EXIT } from '../errors.ts'
import type { SeenLists } from '../licence/index.ts'
import { openRecordDesk } from '../record-desk.ts'
import { replayLog } from '../replay.ts'
import {
  addScreeningList,
  HIT_SCORE,
  loadScreening,
  type Screening,
  type ScreeningHit,
  screen,
} from '../screening/index.ts'
import { recordsOfScreening } from '../seen-list.ts'
import { openStateFolder, type StateFolder } from '../state-folder.ts'
import { formatTime, readBoundedFile, TOKEN_KINDS } from '../token/index.ts'
import { loadTrust } from '../trust/index.ts'
import { seenScreening, TRUSTED_TIME, type TrustedTime, timeStanding } from '../trusted-time.ts'
import { badUsage } from './end.ts'
import { bold, columns, dim, green, say, sayJson, yellow } from './output.ts'

/** `portcullis licence screening`: the lists of this machine. */

interface Common {
  readonly state?: string
  readonly json?: true
}

/** `licence screening add` */
export async function addList(file: string, options: Common): Promise<void> {
  const bytes = await readBoundedFile(file, TOKEN_KINDS.screeningList.bytesMax + 1, 'screening list')
  const state = await openStateFolder(options.state)
  const { trustDir } = state
  const { nowMs, trusted, seen } = await seenAt(state)
  const trust = await loadTrust(trustDir, nowMs)
  const { entries, ...list } = await addScreeningList(trustDir, trust, bytes.toString('latin1'), nowMs, seen)
  const desk = await openRecordDesk(state, null)
  try {
    for (const record of await recordsOfScreening(state, trusted, Date.now())) await desk.append(record)
  } finally {
    await desk.close()
  }
  if (options.json) sayJson({ ...list, entries: entries.length })
  else {
    say(
      `${green('added')}  ${list.name}, version ${list.version}: ${plural(entries.length, 'entry', 'entries')} of ${list.source}, until ${formatTime(list.expiresAtMs)}`,
    )
  }
}

/** `licence screening list` */
export async function listLists(options: Common): Promise<void> {
  const { lists, unusable } = await screeningOf(options)
  const nowMs = Date.now()
  if (options.json) {
    const told = lists.map(({ entries, ...list }) => ({ ...list, entries: entries.length }))
    return sayJson({ lists: told, unusable })
  }
  if (lists.length === 0) say('no screening list is here: `portcullis licence screening add FILE`')
  for (const { uri, name, version, source, entries, issuedAtMs, expiresAtMs } of lists) {
    const expired = nowMs >= expiresAtMs ? yellow(' (expired)') : ''
    say(
      bold(name),
      ...columns([
        ['issuer', uri.slice(0, uri.lastIndexOf('#'))],
        ['version', `${version} of ${formatTime(issuedAtMs)}`],
        ['source', source],
        ['entries', String(entries.length)],
        ['until', `${formatTime(expiresAtMs)}${expired}`],
      ]),
    )
  }
  for (const sentence of unusable) say(yellow(sentence))
}

interface CheckOptions extends Common {
  readonly destination?: string
  readonly lot?: string
}

/** `licence screening check`: what a name comes to, as a job's end user would. Exit status 4 where somebody has to look. */
export async function checkName(name: string | undefined, options: CheckOptions): Promise<void> {
  const { destination, lot } = options
  if ([name, destination, lot].every((one) => one === undefined)) {
    throw badUsage('say a name, `--destination` or `--lot`')
  }
  const { lists, unusable } = await screeningOf(options)
  const hits = screen(lists, {
    ...(name !== undefined && { endUser: name, vendor: name }),
    ...(destination !== undefined && { destination }),
    ...(lot !== undefined && { lot }),
  })
  const found = onceEach(hits)
  if (found.length > 0) process.exitCode = EXIT.held
  if (options.json) return sayJson({ lists: lists.length, threshold: HIT_SCORE, hits: found, unusable })
  for (const hit of found) tellHit(hit)
  if (found.length === 0) say(`${green('no hit')}  in ${plural(lists.length, 'list', 'lists')}`)
  for (const sentence of unusable) say(yellow(sentence))
}

function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`
}

/** One name is asked in two parts; an entry that it fits is told once. */
function onceEach(hits: readonly ScreeningHit[]): readonly ScreeningHit[] {
  const seen = new Set<string>()
  return hits.filter(({ list, entry }) => {
    const key = JSON.stringify([list, entry])
    return !seen.has(key) && seen.add(key)
  })
}

function tellHit({ list, version, source, entry, declared, matched, score, why }: ScreeningHit): void {
  say(
    `${yellow('hit')}  ${declared} and ${matched} (${Math.floor(score * 100)} of 100)`,
    ...columns([
      ['list', `${list}, version ${version}, entry ${entry}`],
      ['source', source],
      ['why', why],
    ]),
    dim('  such a job is held until whoever answers for compliance releases it'),
  )
}

async function screeningOf(options: Common): Promise<Screening> {
  const state = await openStateFolder(options.state)
  const { nowMs, seen } = await seenAt(state)
  return await loadScreening(state.trustDir, await loadTrust(state.trustDir, nowMs), nowMs, seen)
}

/** What the log knows: the time, and the lists that were used here. */
async function seenAt(state: StateFolder): Promise<{
  readonly nowMs: number
  readonly trusted: TrustedTime
  readonly seen: SeenLists
}> {
  const trusted = (await replayLog([TRUSTED_TIME], state)).stateOf(TRUSTED_TIME)
  const standing = timeStanding(trusted, Date.now())
  return { nowMs: standing.nowMs, trusted, seen: seenScreening(trusted, standing) }
}
