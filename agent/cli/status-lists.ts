import { AgentError } from '../errors.ts'
import { openRecordDesk } from '../record-desk.ts'
import { replayLog } from '../replay.ts'
import { recordOfList, verifyList } from '../seen-list.ts'
import { openStateFolder, type StateFolder } from '../state-folder.ts'
import { peekStatusList } from '../status/index.ts'
import { keepStatusList, statusListsIn } from '../status-folder.ts'
import { formatTime, readBoundedFile, TOKEN_KINDS } from '../token/index.ts'
import { seenLists, TRUSTED_TIME, timeStanding } from '../trusted-time.ts'
import { type PlaceOptions, readSettings } from './audit-place.ts'
import { dim, green, red, say, sayJson } from './output.ts'

/** The status lists of a site: brought in, and told. */

interface StatusOptions extends PlaceOptions {
  readonly json?: true
}

/** `portcullis licence status add`: keeps a list that an issuer published, and puts on record that it was here. */
export async function addStatusList(file: string, options: StatusOptions): Promise<void> {
  const bytes = await readBoundedFile(file, TOKEN_KINDS.statusList.bytesMax + 1, 'status list')
  const compact = bytes.toString('latin1').trim()
  const state = await openStateFolder(readSettings(options).state)
  const desk = await openRecordDesk(state, null)
  try {
    const clockMs = Date.now()
    const trusted = (await replayLog([TRUSTED_TIME], state)).stateOf(TRUSTED_TIME)
    const list = await verifyList(state, compact, trusted, clockMs)
    if ('problem' in list)
      throw new AgentError('LICENCE_UNREADABLE', `status list \`${file}\` cannot be used: ${list.problem}`)
    // Kept first: a gate looks at what is kept before it puts anything on record.
    const isKept = await keepStatusList(state.trustDir, { ...list, compact })
    const record = isKept ? recordOfList(list, trusted, clockMs) : undefined
    const index = record === undefined ? null : (await desk.append(record)).index
    const { uri, issuedAtMs, issuer } = list
    if (options.json) sayJson({ uri, issuer: issuer.uri, issuedAtMs, isKept, index })
    else if (!isKept) say(dim(`a newer list of ${uri} is kept already`))
    else
      say(
        `${green('kept')}  status list ${uri} of ${formatTime(issuedAtMs)}, by ${issuer.uri}`,
        dim(index === null ? '  the log knows it already' : `  no older one is used from record ${index} on`),
      )
  } finally {
    await desk.close()
  }
}

interface ToldList {
  readonly uri: string
  /** When the one that is kept was issued; null where none is kept. */
  readonly issuedAt: string | null
  /** When the latest was issued that was used here; null where none was. */
  readonly seenAt: string | null
  readonly expiresAt: string | null
  /** Why it cannot be used; null where nothing is wrong with it. */
  readonly problem: string | null
}

/** `portcullis licence status list`: which lists are kept here and which were used. */
export async function tellStatusLists(options: StatusOptions): Promise<void> {
  const state = await openStateFolder(readSettings(options).state)
  const lists = await toldLists(state, Date.now())
  if (options.json) return sayJson(lists)
  if (lists.length === 0) return say(dim('no status list is kept here, and none was used'))
  for (const { uri, issuedAt, seenAt, expiresAt, problem } of lists) {
    say(`${problem === null ? green('good') : red('bad ')}  ${uri}`)
    say(dim(issuedAt === null ? '  not kept' : `  issued ${issuedAt}${until(expiresAt)}`))
    if (seenAt !== null) say(dim(`  used here: that of ${seenAt}`))
    if (problem !== null) say(`  ${problem}`)
  }
}

const until = (expiresAt: string | null): string => (expiresAt === null ? '' : `, until ${expiresAt}`)

async function toldLists(state: StateFolder, clockMs: number): Promise<readonly ToldList[]> {
  const trusted = (await replayLog([TRUSTED_TIME], state)).stateOf(TRUSTED_TIME)
  const seen = new Map(Object.entries(seenLists(trusted, timeStanding(trusted, clockMs))))
  const told: ToldList[] = []
  for (const compact of await statusListsIn(state.trustDir)) {
    const peek = peekStatusList(compact)
    const list = await verifyList(state, compact, trusted, clockMs)
    const uri = peek?.uri ?? '(unreadable)'
    const seenAtMs = seen.get(uri)?.issuedAtMs
    seen.delete(uri)
    told.push({
      uri,
      issuedAt: peek === undefined ? null : formatTime(peek.issuedAtMs),
      seenAt: seenAtMs === undefined ? null : formatTime(seenAtMs),
      expiresAt: 'problem' in list || list.expiresAtMs === undefined ? null : formatTime(list.expiresAtMs),
      problem: 'problem' in list ? list.problem : null,
    })
  }
  for (const [uri, { issuedAtMs }] of seen)
    told.push({
      uri,
      issuedAt: null,
      seenAt: formatTime(issuedAtMs),
      expiresAt: null,
      problem: 'it was used here and is not kept: a licence must bring it along',
    })
  return told
}
