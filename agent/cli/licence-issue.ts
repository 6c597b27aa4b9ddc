/** `portcullis licence issue`: from an order's file, or from flags for the plainest licence. */
import { basename } from 'node:path'
import { AgentError } from '../errors.ts'
import { dateMs, exampleOrder, type LicenceOrder } from '../issuer/index.ts'
import { DIGEST_FORMS, describeLicence } from '../licence/index.ts'
import { LICENCE_TIERS, tierOfClasses } from '../trust/index.ts'
import { badUsage, wholeNumber } from './end.ts'
import { type HandOutOptions, handOut } from './licence-hand-out.ts'
import { readOrder, surveyDesign } from './licence-order.ts'
import { complain, green, say, sayJson } from './output.ts'

const COPIES_MAX = 1_000_000

/** The flags that make an order, by their names among the options. */
const ORDER_FLAGS = {
  design: '--design',
  licensee: '--licensee',
  copies: '--copies',
  machine: '--machine',
  expires: '--expires',
  from: '--from',
  tier: '--tier',
  form: '--form',
  title: '--title',
} as const

type OrderFlags = {
  readonly [K in keyof typeof ORDER_FLAGS]?: K extends 'machine' ? readonly string[] : string
}

export interface IssueOptions extends Omit<HandOutOptions, 'issuer'>, OrderFlags {
  readonly issuer?: string
  readonly printExample?: true
}

/** `portcullis licence issue` */
export async function issue(file: string | undefined, options: IssueOptions): Promise<void> {
  if (options.printExample) {
    process.stdout.write(exampleOrder())
    return
  }
  const { issuer } = options
  if (issuer === undefined) throw badUsage('option `--issuer` is needed: the folder of the issuer')
  const order = file === undefined ? await orderFromFlags(options) : await orderFromFile(file, options)
  const { token, licence } = await handOut({ ...options, issuer }, (folder, passphrase) =>
    folder.prepareLicence(passphrase, order),
  ).catch(file === undefined ? inFlags : rethrow)
  const out = options.out ?? null
  for (const code of tierOfClasses(licence.design.classes).unknown)
    complain(
      `class \`${code}\` is in no dictionary of this version: unless a site recognises it, its gate holds the job`,
    )
  if (options.json) sayJson({ licence: token, id: licence.id, out })
  else if (out === null) say(token)
  else say(`${green('issued')}  ${out}`, ...describeLicence(licence).map((line) => `  ${line}`))
}

async function orderFromFile(file: string, options: IssueOptions): Promise<LicenceOrder> {
  for (const [name, flag] of Object.entries(ORDER_FLAGS)) {
    if (options[name as keyof typeof ORDER_FLAGS] !== undefined)
      throw badUsage(`option \`${flag}\` stands in the order; give it there`)
  }
  return await readOrder(file, Date.now())
}

async function orderFromFlags(options: IssueOptions): Promise<LicenceOrder> {
  const path = needed(options, 'design')
  const tier = LICENCE_TIERS.find((name) => name === (options.tier ?? 'open'))
  if (tier === undefined) throw badUsage(`tier \`${options.tier}\` is not one of ${LICENCE_TIERS.join(', ')}`)
  const form = DIGEST_FORMS.find((name) => name === (options.form ?? 'gcode-canon'))
  if (form === undefined || form === 'model') {
    const forms = DIGEST_FORMS.filter((name) => name !== 'model').join(', ')
    throw badUsage(`form \`${options.form}\` is not one of ${forms}`)
  }
  const licensee = needed(options, 'licensee')
  const copies = wholeNumber('--copies', needed(options, 'copies'), 1, COPIES_MAX)
  const machines = needed(options, 'machine')
  const period = periodOf(options, Date.now())
  const design = await surveyDesign(path)
  return {
    licensee,
    tier,
    design: {
      id: design.canonicalSha256.slice(0, 16),
      revision: '1',
      title: options.title ?? basename(path),
      digests: [{ form, sha256: form === 'gcode-raw' ? design.sha256 : design.canonicalSha256 }],
    },
    copies,
    machines,
    ...period,
  }
}

function needed<K extends keyof OrderFlags>(options: OrderFlags, name: K): NonNullable<OrderFlags[K]> {
  const value = options[name]
  if (value === undefined)
    throw badUsage(
      `option \`${ORDER_FLAGS[name]}\` is needed, or an order’s file (--print-example writes one)`,
    )
  return value
}

/** From when and until when: it must not be over before it begins, nor already. */
function periodOf(
  options: OrderFlags,
  nowMs: number,
): { readonly expiresAtMs: number; readonly notBeforeMs?: number } {
  const expires = needed(options, 'expires')
  const expiresAtMs = date('--expires', expires)
  if (expiresAtMs <= nowMs) throw badUsage(`option \`--expires\` is in the past: \`${expires}\``)
  if (options.from === undefined) return { expiresAtMs }
  const notBeforeMs = date('--from', options.from)
  if (expiresAtMs <= notBeforeMs)
    throw badUsage(`option \`--expires\`, \`${expires}\`, is not after \`--from\`, \`${options.from}\``)
  return { expiresAtMs, notBeforeMs }
}

function date(option: string, text: string): number {
  const timeMs = dateMs(text)
  if (timeMs !== undefined) return timeMs
  throw badUsage(
    `option \`${option}\` wants a date such as 2027-06-30 or 2027-06-30T12:00:00Z, not \`${text}\``,
  )
}

/** The flags that fill the members of an order. */
const FLAGS: Readonly<Record<string, string>> = {
  licensee: '--licensee',
  machines: '--machine',
  'design.title': '--title',
}

/** Says what is wrong with an order in terms of the flags that were given. */
function inFlags(error: unknown): never {
  if (!(error instanceof AgentError) || error.code !== 'USAGE') throw error
  const [all, member = ''] = /^order `([a-z]+(?:\.[a-z]+)?)[^`]*`: /.exec(error.message) ?? []
  const flag = FLAGS[member]
  if (all === undefined || flag === undefined) throw error
  throw badUsage(`option \`${flag}\`: ${error.message.slice(all.length)}`)
}

function rethrow(error: unknown): never {
  throw error
}
