/** What may stand in the gate's configuration, value by value. What hangs together is checked in gate-config.ts. */

import { z } from 'zod'
import { readParkLine } from './park-line.ts'
import { readTcpAddress, readTcpName } from './tcp-address.ts'

/** How refusals are worded for a host; `auto` listens to its first lines. */
export const HOST_PROFILES = [
  'octoprint',
  'printrun',
  'cura',
  'repetier',
  'prusalink',
  'cncjs',
  'generic',
] as const

/** The same levels as the agent's logger takes. */
export const CONFIG_LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const

/** Linux takes no longer path. */
const PATH_CHARS_MAX = 4095
/** Slower lines do not keep a print going, and 1200 sends some boards into their boot loader. */
const BAUD_MIN = 2400
/** The highest rate that Linux names for a serial device. */
const BAUD_MAX = 4_000_000
/** The last id means "no id" to the kernel. */
const ACCOUNT_ID_MAX = 0xffff_fffe
const ACCOUNT_NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/
/** No path that anybody means: `tcp:host:1`, `rfc2217://host:1`. */
const LIKE_A_URL = /^(?:tcp:|\w+:\/\/)/i
const PARK_LINES_MAX = 8
const PARK_CHARS_MAX = 200

export const pathText = z
  .string()
  .min(1)
  .max(PATH_CHARS_MAX)
  .refine((text) => !/[\0-\x1f\x7f]/.test(text), 'must not hold control characters')
  .refine((text) => !text.startsWith('~'), 'must not begin with `~`, which means nothing here; write it out')

const account = z.custom<string | number>(
  (value) =>
    (typeof value === 'string' && ACCOUNT_NAME.test(value)) ||
    (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= ACCOUNT_ID_MAX),
  'must be a name, or the number of one without quotes',
)

/** A path, `tcp://HOST:PORT` or `sim`. */
const port = pathText
  .refine(
    (text) => !LIKE_A_URL.test(text) || readTcpName(text) !== undefined,
    'must be of the form `tcp://HOST:PORT`',
  )
  .refine(
    (text) => text === 'sim' || text.includes('/'),
    'must be a path such as `/dev/ttyUSB0`, `tcp://HOST:PORT`, or `sim`',
  )

/** Three octal digits in quotes, with a 0 before them or without; the number they stand for. */
const mode = z.string().transform((text, context) => {
  const bits = /^0?[0-7]{3}$/.test(text) ? Number.parseInt(text, 8) : undefined
  const why = bits === undefined ? 'must be three octal digits in quotes, such as "0660"' : faultOfMode(bits)
  if (bits !== undefined && why === undefined) return bits
  context.addIssue(why ?? '')
  return z.NEVER
})

function faultOfMode(bits: number): string | undefined {
  if ((bits & 0o002) !== 0) return 'would let everyone write to the port; use "0660" and name a `group`'
  // Whoever reads the port takes the printer's answers away from its host.
  if ((bits & 0o005) !== 0) return 'would let everyone read the port; use "0660" and name a `group`'
  if ((bits & 0o110) !== 0) return 'makes the port a program, which it is not; use "0600" or "0660"'
  if ((bits & 0o600) !== 0o600) return 'would keep the port’s own owner out; use "0600" or "0660"'
  return undefined
}

const tcp = z.string().transform((text, context) => {
  const address = readTcpAddress(text)
  if (address !== undefined) return address
  context.addIssue('must be of the form `127.0.0.1:2525`, or `"[::1]:2525"` in quotes')
  return z.NEVER
})

const parkLine = z
  .string()
  .max(PARK_CHARS_MAX)
  .transform((text, context) => {
    const line = readParkLine(text)
    if (line.ok) return line.canonical
    context.addIssue(line.why)
    return z.NEVER
  })

export const printerSchema = z.strictObject({
  port,
  baud: z.int().min(BAUD_MIN).max(BAUD_MAX).default(115_200),
  dialect: z.enum(['marlin']).default('marlin'),
})

export const hostSchema = z.strictObject({
  link: pathText.optional(),
  owner: account.optional(),
  group: account.optional(),
  mode: mode.optional(),
  tcp: tcp.optional(),
  secretFile: pathText.optional(),
  profile: z.enum(['auto', ...HOST_PROFILES]).default('auto'),
  jobs: z.enum(['any', 'armed']).optional(),
  pauses: z.enum(['allow', 'refuse']).default('refuse'),
})

export const stopSchema = z.strictObject({
  hostLostSeconds: z.number().min(1).max(3600).default(30),
  hostSilentMinutes: z.number().min(1).max(1440).default(30),
  refusedSeconds: z.number().min(1).max(3600).default(120),
  park: z.array(parkLine).max(PARK_LINES_MAX).default([]),
})

/** The parts are maps here, so that what is wrong inside them is looked for part by part. */
const part = z.looseObject({})

export const configSchema = z.strictObject({
  printer: part,
  host: part,
  policy: pathText,
  state: pathText.optional(),
  stop: part.optional(),
  witnesses: part.optional(),
  incidents: part.optional(),
  privacy: part.optional(),
  answers: part.optional(),
  log: z.enum(CONFIG_LOG_LEVELS).default('info'),
  http: z
    .custom<undefined>(
      (value) => value === undefined,
      'cannot be used: this version has no HTTP yet; leave it out',
    )
    .optional(),
})
