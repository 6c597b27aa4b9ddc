/** What the files are made for: one configuration, and where its gate is to run. */

import type { GateConfig } from '../config/index.ts'
import { AgentError } from '../errors.ts'
import type { PrinterDevice } from './printer-device.ts'

export interface InstallSite {
  readonly config: GateConfig
  readonly device: PrinterDevice
  /** The user and group that the gate is to run as. */
  readonly user: string
  /** The service of the host program: `octoprint`, `octoprint.service`. */
  readonly hostUnit: string
  /** How the command is started: Node's path, then the program's. */
  readonly program: readonly string[]
}

/** One file for an administrator to place. */
export interface InstallFile {
  /** Where it belongs. */
  readonly path: string
  /** One sentence: what to do with it. */
  readonly what: string
  readonly text: string
}

/** The names that all files share. */
export interface Names {
  /** Of the unit and of most files: `portcullis`, or `portcullis-mk3` for a configuration `mk3.yaml`. */
  readonly gate: string
  readonly user: string
  /** With its `.service`. */
  readonly hostUnit: string
  /** The folder below /run that holds the link, where there is a link. */
  readonly runFolder?: string
  readonly state: string
}

/** Names that Linux, systemd and sysusers all take. */
const USER = /^[a-z_][a-z0-9_-]{0,30}$/
const UNIT = /^[A-Za-z0-9](?:\.?[A-Za-z0-9:_@-]){0,120}$/
/** Of our own, so that no folder of the system's is ever given to the gate's user. */
const LINK = /^\/run\/(portcullis(?:-[a-z0-9-]+)?)\/[A-Za-z0-9_.-]+$/
/** Where a gate's user has nothing to look for, and where its files would not last. */
const NO_STATE_THERE = /^\/(?:home|root|tmp|var\/tmp|run|dev|proc|sys|boot|etc|usr)(?:\/|$)|^\/[^/]*$/

/** Checks what the files will say. Throws `AgentError` USAGE, or CONFIG_INVALID for what the configuration says. */
export function namesOf({ config, user, hostUnit }: InstallSite): Names {
  if (!USER.test(user))
    throw new AgentError('USAGE', `user name \`${user}\` must be lower-case letters, digits, - and _`)
  if (user === 'root')
    throw new AgentError('USAGE', 'the gate must not run as `root`: name a user of its own with --user')
  if (!UNIT.test(hostUnit))
    throw new AgentError('USAGE', `\`${hostUnit}\` is no name of a service; --host takes one like octoprint`)
  const gate = gateName(config.path)
  const service = hostUnit.endsWith('.service') ? hostUnit : `${hostUnit}.service`
  if (service === `${gate}.service`)
    throw new AgentError(
      'USAGE',
      `\`${hostUnit}\` is the gate itself; --host names the host program’s service`,
    )
  const { link } = config.host
  const runFolder = link === undefined ? undefined : LINK.exec(link)?.[1]
  if (link !== undefined && runFolder === undefined) {
    const remedy = 'such as `/run/portcullis/printer`'
    throw misplaced(
      config,
      `\`host.link\` of an installed gate needs a folder of its own under /run, ${remedy}`,
    )
  }
  const state = config.state ?? `/var/lib/${gate}`
  if (NO_STATE_THERE.test(state)) {
    const message = `\`state\` of an installed gate cannot be \`${state}\`: use \`/var/lib/${gate}\``
    throw misplaced(config, message)
  }
  return {
    gate,
    user,
    hostUnit: service,
    state,
    ...(runFolder !== undefined && { runFolder }),
  }
}

function gateName(path: string): string {
  const words = (path.split('/').at(-1) ?? '')
    .replace(/\.ya?ml$/, '')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '')
  if (words.length === 0)
    throw new AgentError('USAGE', `configuration \`${path}\` has no name to call the gate by`)
  return (words[0] === 'portcullis' ? words : ['portcullis', ...words]).join('-').slice(0, 64)
}

function misplaced({ path }: GateConfig, message: string): AgentError {
  return new AgentError('CONFIG_INVALID', `${path}: ${message}`)
}
