/** The commands by which an issuer shares out, gives back and calls back what it has licensed. */
import { readLicenceFile } from '../licence/index.ts'
import { wholeNumber } from './end.ts'
import { type HandOutOptions, handOut, withIssuer } from './licence-hand-out.ts'
import { dim, green, say, sayJson } from './output.ts'

const COPIES_MAX = 1_000_000
/** A list that may be used for ten years calls nothing back. */
const LIST_DAYS_MAX = 3660
const ROOTS_MAX = 1000

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** An argument that names a licence by its id or by its file, as the text that the issuer's folder finds it by. */
async function licenceText(argument: string): Promise<string> {
  return UUID.test(argument) ? argument : await readLicenceFile(argument)
}

interface AllocateOptions extends HandOutOptions {
  readonly machine: string
  readonly copies: string
  readonly id?: string
}

/** `portcullis licence allocate` */
export async function allocate(argument: string, options: AllocateOptions): Promise<void> {
  const { machine, id } = options
  const copies = wholeNumber('--copies', options.copies, 1, COPIES_MAX)
  const text = await licenceText(argument)
  let licence = ''
  let free = 0
  const { token, id: allocation } = await handOut(options, async (folder, passphrase) => {
    licence = folder.licenceId(text)
    const isNew = id === undefined || folder.state.licences.get(licence)?.allocations.has(id) !== true
    free = folder.state.copiesFree(licence) - (isNew ? copies : 0)
    return await folder.prepareAllocation(passphrase, { licence, machine, copies, id })
  })
  const { out = null } = options
  if (options.json)
    sayJson({ allocation: token, id: allocation, licence, machine, copies, copiesFree: free, out })
  else if (out === null) say(token)
  else
    say(
      `${green('allocated')}  ${copies} of licence ${licence} to ${machine}, in ${out}`,
      `  ${free} are left for other machines`,
      dim(`  it goes along with the licence: portcullis licence bundle LICENCE ${out} --out FILE`),
    )
}

interface RefundOptions extends HandOutOptions {
  readonly machine: string
  readonly copy: string
}

/** `portcullis licence refund` */
export async function refund(argument: string, options: RefundOptions): Promise<void> {
  const { machine, copy } = options
  const text = await licenceText(argument)
  let licence = ''
  const { token, id } = await handOut(options, async (folder, passphrase) => {
    licence = folder.licenceId(text)
    return await folder.prepareRefund(passphrase, { licence, machine, copy })
  })
  const { out = null } = options
  if (options.json) sayJson({ refund: token, id, licence, machine, copy, out })
  else if (out === null) say(token)
  else
    say(
      `${green('refunded')}  copy ${copy} of licence ${licence} on ${machine}, in ${out}`,
      dim(`  it goes along with the licence: portcullis licence bundle LICENCE ${out} --out FILE`),
    )
}

interface MarkOptions {
  readonly issuer: string
  readonly reason?: string
  readonly json?: true
}

/** `portcullis licence revoke`, `suspend` and `resume` */
export async function mark(
  kind: 'revoked' | 'suspended' | 'resumed',
  argument: string,
  options: MarkOptions,
): Promise<void> {
  const text = await licenceText(argument)
  const { issued, standing } = await withIssuer(options.issuer, (folder) =>
    folder.mark(kind, folder.licenceId(text), options.reason),
  )
  const { licence, licensee } = issued
  if (options.json) sayJson({ licence, licensee, standing, reason: options.reason ?? null })
  else
    say(
      `${green(kind)}  licence ${licence} of ${licensee}`,
      '  a site learns of it from the next status list: portcullis licence status publish',
    )
}

interface PublishOptions extends HandOutOptions {
  readonly days?: string
  readonly root?: string
}

/** `portcullis licence status publish` */
export async function publishStatus(options: PublishOptions): Promise<void> {
  const days = options.days === undefined ? undefined : wholeNumber('--days', options.days, 1, LIST_DAYS_MAX)
  const rootNumber =
    options.root === undefined ? undefined : wholeNumber('--root', options.root, 1, ROOTS_MAX)
  const counts = { licences: 0, revoked: 0, suspended: 0 }
  let older: readonly number[] = []
  const { token, id: uri } = await handOut(options, async (folder, passphrase) => {
    const roots = (await folder.roots()).map(({ sha256 }) => sha256)
    const root = roots[(rootNumber ?? roots.length) - 1]
    const inForce = [...folder.state.licences.values()].filter(
      ({ issued }) => issued.status !== null && issued.expires * 1000 > Date.now(),
    )
    for (const { issued, standing } of folder.state.licences.values()) {
      if (issued.status === null || issued.root !== root) continue
      counts.licences++
      if (standing !== 'valid') counts[standing]++
    }
    older = [...new Set(inForce.map(({ issued }) => roots.indexOf(issued.root) + 1))]
      .filter((number) => rootNumber === undefined && number < roots.length)
      .sort((a, b) => a - b)
    return await folder.prepareStatusList(passphrase, { days, rootNumber })
  })
  const { out = null } = options
  if (options.json) sayJson({ statusList: token, uri, days: days ?? null, ...counts, olderRoots: older, out })
  else if (out === null) say(token)
  else
    say(
      `${green('published')}  status of ${counts.licences} licences in ${out}`,
      `  ${counts.revoked} revoked, ${counts.suspended} suspended${days === undefined ? '' : `; good for ${days} days`}`,
      ...older.map(
        (n) => `  licences of this issuer’s root ${n} are still in force: publish theirs with --root ${n}`,
      ),
      dim('  sites use the newest that they have: beside a licence, or in their trust folder'),
    )
}
