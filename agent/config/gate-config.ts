/**
 * The configuration of `portcullis serve`: one YAML file for one printer, checked as strictly as a policy, for a
 * setting that nobody reads may be the one that its writer relied on.
 */

import { dirname, isAbsolute, resolve } from 'node:path'
import type { z } from 'zod'
import { formatProblems, readYaml, valueAt, YamlCheck } from '../../policies/index.ts'
import { AgentError } from '../errors.ts'
import {
  answersSchema,
  buildEvidence,
  type EvidenceConfig,
  type EvidenceParts,
  faultOfEvidence,
  incidentsSchema,
  privacySchema,
  witnessesSchema,
} from './evidence.ts'
import {
  type CONFIG_LOG_LEVELS,
  configSchema,
  type HOST_PROFILES,
  hostSchema,
  printerSchema,
  stopSchema,
} from './schema.ts'
import { isLoopback, readTcpName, type TcpAddress } from './tcp-address.ts'
import { readTextFile } from './text-file.ts'

/** Characters of a configuration. Its longest sensible form, comments and all, is a tenth of it. */
const CONFIG_CHARS_MAX = 64 * 1024

/** How the file is called in messages. */
const KIND = 'configuration'

/** The bare name of a ready policy; whatever has a point or a slash in it is a file. */
const READY_POLICY = /^[a-z0-9][a-z0-9-]*$/

const MODE_OWNER = 0o600
const MODE_GROUP = 0o660
const GROUP_BITS = 0o070

/** The gate's configuration, with every default in place and every path absolute. */
export interface GateConfig {
  /** Where it was read from. */
  readonly path: string
  readonly printer: {
    /** A device, `tcp://HOST:PORT`, or `sim` for the built-in printer. */
    readonly port: string
    readonly baud: number
    readonly dialect: 'marlin'
  }
  readonly host: {
    /** The symbolic link that leads hosts to the virtual port. There is this, or `tcp`, or both. */
    readonly link?: string
    /** Name or number of the virtual port's user; unset: the gate's own. */
    readonly owner?: string | number
    readonly group?: string | number
    /** Permission bits of the virtual port: never any for everyone. */
    readonly mode: number
    /** Port 0 takes any free one. */
    readonly tcp?: TcpAddress
    /** File with the secret that a host on TCP begins with; always there where others than this machine can connect. */
    readonly secretFile?: string
    readonly profile: 'auto' | (typeof HOST_PROFILES)[number]
    /** Whether a host may begin jobs of its own, or only the one that was armed; unset: as the policy needs. */
    readonly jobs?: 'any' | 'armed'
    /** Whether a paused licensed job may be jogged, and is put back before it goes on. */
    readonly interlude: boolean
  }
  /** The absolute path of a policy file, or the bare name of a ready policy. */
  readonly policy: string
  /** The state folder; unset: the default one. */
  readonly state?: string
  readonly stop: {
    readonly hostLostMs: number
    readonly hostSilentMs: number
    readonly refusedHotMs: number
    /** Canonical commands. */
    readonly park: readonly string[]
  }
  /** What concerns the log and those who rely on it. */
  readonly evidence: EvidenceConfig
  readonly logLevel: (typeof CONFIG_LOG_LEVELS)[number]
}

/** Reads a configuration file. Throws `AgentError` CONFIG_INVALID, with each problem as `file:line:column ...`. */
export function loadGateConfig(path: string): GateConfig {
  const { text } = readTextFile(path, { what: KIND, bytesMax: CONFIG_CHARS_MAX, code: 'CONFIG_INVALID' })
  return readGateConfig(text, path)
}

/**
 * Reads the text of a configuration. Paths in it start at the folder of `path`, which is not opened. Throws
 * `AgentError` CONFIG_INVALID.
 */
export function readGateConfig(text: string, path: string): GateConfig {
  if (text.length > CONFIG_CHARS_MAX) {
    const message = `${KIND} \`${path}\` is larger than the limit of ${CONFIG_CHARS_MAX} characters`
    throw new AgentError('CONFIG_INVALID', message)
  }
  const yaml = readYaml(text, KIND)
  if (!yaml.ok) throw invalid(path, yaml.problems)
  const check = new YamlCheck(yaml.source, KIND)
  const parts = readParts(check, yaml.source.value, resolve(path))
  if (parts === undefined || check.problems.length > 0) throw invalid(path, check.problems)
  return build(parts, resolve(path))
}

interface Parts {
  readonly top: z.output<typeof configSchema>
  readonly printer: z.output<typeof printerSchema>
  readonly host: z.output<typeof hostSchema>
  readonly stop: z.output<typeof stopSchema>
  readonly evidence: EvidenceParts
}

/** All parts are read even where one is wrong, so that all problems are told at once. */
function readParts(check: YamlCheck, value: unknown, path: string): Parts | undefined {
  const top = check.read(configSchema, value, [], Object.keys(configSchema.shape))
  const printer = readPart(check, printerSchema, value, 'printer')
  const host = readPart(check, hostSchema, value, 'host')
  const stop = readOptional(check, stopSchema, value, 'stop')
  const evidence = readEvidence(check, value)
  if (printer !== undefined && host !== undefined) checkTogether(check, printer, host, path)
  if (host?.jobs === 'any' && evidence?.witnesses?.required === 'jobs')
    check.addAt(
      ['witnesses', 'required'],
      '`required: jobs` asks for armed jobs, and `host` has `jobs: any`, which lets hosts print others',
    )
  if (top === undefined || printer === undefined || host === undefined) return undefined
  if (stop === undefined || evidence === undefined) return undefined
  return { top, printer, host, stop, evidence }
}

function readEvidence(check: YamlCheck, value: unknown): EvidenceParts | undefined {
  const isNamed = valueAt(value, ['witnesses']) !== undefined
  const witnesses = isNamed ? readPart(check, witnessesSchema, value, 'witnesses') : undefined
  const incidents = readOptional(check, incidentsSchema, value, 'incidents')
  const privacy = readOptional(check, privacySchema, value, 'privacy')
  const answers = readOptional(check, answersSchema, value, 'answers')
  if (incidents === undefined || privacy === undefined || answers === undefined) return undefined
  const parts = { witnesses, incidents, privacy, answers }
  const fault = faultOfEvidence(parts)
  if (fault !== undefined) check.addAt([...fault.at], fault.why)
  return parts
}

/** A part that may be left out, with its defaults. */
function readOptional<Schema extends z.ZodObject>(
  check: YamlCheck,
  schema: Schema,
  value: unknown,
  name: string,
): z.output<Schema> | undefined {
  return valueAt(value, [name]) === undefined ? schema.parse({}) : readPart(check, schema, value, name)
}

/** A part that is missing or no map has been told with the top. */
function readPart<Schema extends z.ZodObject>(
  check: YamlCheck,
  schema: Schema,
  value: unknown,
  name: string,
): z.output<Schema> | undefined {
  const part = valueAt(value, [name])
  if (typeof part !== 'object' || part === null || Array.isArray(part)) return undefined
  return check.read(schema, part, [name], Object.keys(schema.shape))
}

/** What is right by itself and wrong beside the rest. */
function checkTogether(check: YamlCheck, printer: Parts['printer'], host: Parts['host'], path: string): void {
  const { link, tcp, secretFile } = host
  if (link === undefined && tcp === undefined)
    check.addAt(['host'], '`host` needs `link` or `tcp`: without either no host can reach the gate')
  if (link === undefined) {
    for (const key of ['owner', 'group', 'mode'] as const) {
      if (host[key] !== undefined)
        check.addAtKey(
          ['host', key],
          `\`${key}\` is about the virtual port, which is only there with \`link\``,
        )
    }
  }
  if (host.group === undefined && ((host.mode ?? 0) & GROUP_BITS) !== 0)
    check.addAt(['host', 'mode'], '`mode` lets a group in; name it with `group`')
  if (tcp === undefined && secretFile !== undefined)
    check.addAtKey(['host', 'secretFile'], '`secretFile` is asked for on `tcp` only, and there is no `tcp`')
  if (tcp !== undefined && secretFile === undefined && !isLoopback(tcp.host)) {
    const why = 'others than this machine can connect there, and whoever connects can print'
    check.addAt(['host', 'tcp'], `\`tcp\` needs a \`secretFile\`: ${why}; or listen on 127.0.0.1`)
  }
  if (link !== undefined && atFolder(path, link) === atFolder(path, printer.port))
    check.addAt(['host', 'link'], '`link` is the printer’s own port; choose another name')
  if (tcp !== undefined && isSamePlace(tcp, printer.port))
    check.addAt(['host', 'tcp'], '`tcp` is the printer’s own address: the gate would print to itself')
}

function isSamePlace(tcp: TcpAddress, port: string): boolean {
  const printer = readTcpName(port)
  if (printer === undefined || printer.port !== tcp.port) return false
  return printer.host === tcp.host || (isLoopback(printer.host) && (isLoopback(tcp.host) || isAny(tcp.host)))
}

/** Listens at every address of the machine. */
function isAny(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

function build({ top, printer, host, stop, evidence }: Parts, path: string): GateConfig {
  const { link, owner, group, tcp, secretFile, jobs, profile } = host
  return {
    path,
    printer: { ...printer, port: isNamedPort(printer.port) ? printer.port : atFolder(path, printer.port) },
    host: {
      mode: host.mode ?? (group === undefined ? MODE_OWNER : MODE_GROUP),
      profile,
      interlude: host.pauses === 'allow',
      ...(link !== undefined && { link: atFolder(path, link) }),
      ...(owner !== undefined && { owner }),
      ...(group !== undefined && { group }),
      ...(tcp !== undefined && { tcp }),
      ...(secretFile !== undefined && { secretFile: atFolder(path, secretFile) }),
      ...(jobs !== undefined && { jobs }),
    },
    policy: READY_POLICY.test(top.policy) ? top.policy : atFolder(path, top.policy),
    ...(top.state !== undefined && { state: atFolder(path, top.state) }),
    stop: {
      hostLostMs: Math.round(stop.hostLostSeconds * 1000),
      hostSilentMs: Math.round(stop.hostSilentMinutes * 60_000),
      refusedHotMs: Math.round(stop.refusedSeconds * 1000),
      park: stop.park,
    },
    evidence: buildEvidence(evidence, (name) => atFolder(path, name)),
    logLevel: top.log,
  }
}

function isNamedPort(port: string): boolean {
  return port === 'sim' || readTcpName(port) !== undefined
}

/** A path of the file, from the folder in which the file lies. */
function atFolder(path: string, name: string): string {
  return isAbsolute(name) ? resolve(name) : resolve(dirname(path), name)
}

function invalid(path: string, problems: Parameters<typeof formatProblems>[1]): AgentError {
  return new AgentError(
    'CONFIG_INVALID',
    problems.map((problem) => formatProblems(path, [problem])),
  )
}
