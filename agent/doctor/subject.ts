/** What is examined: one gate's configuration on one machine. */
import { basename } from 'node:path'
import type { GateConfig } from '../config/index.ts'
import { othersWho, READ, usersOf, WRITE } from './access.ts'
import { type Device, findDevice } from './device.ts'
import type { Told } from './finding.ts'
import { warn, word } from './finding.ts'
import { type Account, People } from './people.ts'
import { type Process, type Processes, readProcesses } from './processes.ts'
import { follow } from './trail.ts'
import { seen, type World } from './world.ts'

/** Where things lie, as absolute paths. */
export interface Site {
  readonly config: GateConfig
  readonly state: string
  /** The folder of the program's package. */
  readonly program: string
  /** The Node that runs it. */
  readonly node: string
  /** The policy's file, also of a ready policy. */
  readonly policy: string
}

/** A running host program, by its own name, not that of its interpreter. */
export interface Host {
  readonly name: string
  readonly process: Process
}

/** How it is known as whom the gate runs. */
export type GateUserSource = 'state' | 'account' | 'caller'

export interface Subject {
  readonly world: World
  readonly site: Site
  readonly processes: Processes
  readonly people: People
  readonly gateUserFrom: GateUserSource
  /** Undefined where the printer hangs on no device of this machine. */
  readonly device: Device | undefined
  /** The host programs that run: OctoPrint and the like. */
  readonly hosts: readonly Host[]
  /** The users whom the gate is there to judge: those who may use the virtual port, and those of host programs. */
  readonly hostUids: ReadonlySet<number>
}

/** One question, in a file of its own. It answers with one finding or more, or none where the question does not arise. */
export interface Check {
  readonly id: string
  examine(subject: Subject): readonly Told[]
}

/** The user that the unit of `install-files` names. */
const USUAL_USER = 'portcullis'

export function newSubject(world: World, site: Site): Subject {
  const processes = readProcesses(world)
  const gate = gateUser(world, site)
  const people = new People(world, processes.list, (accounts) => gate(accounts).uid)
  const hosts = processes.list.flatMap((process) => {
    const name = hostName(process)
    return name === undefined ? [] : [{ name, process }]
  })
  return {
    world,
    site,
    processes,
    people,
    gateUserFrom: gate(people.accounts()).from,
    device: isDevicePort(site.config.printer.port) ? findDevice(world, site.config.printer.port) : undefined,
    hosts,
    hostUids: new Set([...linkUids(site.config, people), ...hosts.map(({ process }) => process.uid)]),
  }
}

/** The owner of the state folder; before there is one, the usual account where root asks, or whoever asks. */
function gateUser(
  world: World,
  site: Site,
): (accounts: readonly Account[]) => { readonly uid: number; readonly from: GateUserSource } {
  const state = seen(follow(world, site.state).end)
  return (accounts) => {
    if (state !== undefined) return { uid: state.uid, from: 'state' }
    const usual = accounts.find(({ name }) => name === USUAL_USER)
    if (world.uid === 0 && usual !== undefined) return { uid: usual.uid, from: 'account' }
    return { uid: world.uid, from: 'caller' }
  }
}

function isDevicePort(port: string): boolean {
  return port !== 'sim' && !port.startsWith('tcp://')
}

/** Those who may open the virtual port by its owner and group. */
function linkUids({ host }: GateConfig, people: People): readonly number[] {
  const uid = (host.owner === undefined ? undefined : people.uidOf(host.owner)) ?? people.gateUid
  const gid = host.group === undefined ? undefined : people.gidOf(host.group)
  const facts = { type: 'character', mode: host.mode, uid, gid: gid ?? -1, device: '' } as const
  return usersOf(othersWho(people, facts, READ | WRITE))
}

const HOST_NAME =
  /^(octoprint|pronterface|pronsole|printcore|printrun|cura|ultimaker-cura|prusa-?slicer|orca-?slicer|repetier|cncjs|bcnc|klippy)/i
const INTERPRETER = /^(python[\d.]*|node|nodejs|java|mono|bash|sh)$/
/** `python3 -m octoprint` has its program in the third word. */
const PROGRAM_WORDS = 3

/** The name of the host program that a process runs, if it does. */
function hostName({ command, words }: Process): string | undefined {
  const [first = '', ...more] = words.slice(0, PROGRAM_WORDS).map((text) => basename(text))
  const programs = INTERPRETER.test(first) ? more : [first, command]
  return programs.find((name) => HOST_NAME.test(name))
}

/** The command that shows more, for remedies. */
export function asRoot({ site }: Subject): string {
  return `ask again as root: \`sudo portcullis doctor --config ${word(site.config.path)}\``
}

/** For what could not be seen: the question stays open, and is never taken for answered. */
export function unseen(subject: Subject, what: string, path: string, reason: string): Told {
  return warn(
    `${what} \`${path}\` cannot be looked at (${reason}), so nothing is known of it`,
    asRoot(subject),
  )
}

/** The command that writes the udev rule, for remedies. */
export function udevRemedy({ site }: Subject): string {
  return `place the udev rule that \`portcullis install-files --config ${word(site.config.path)} --print\` writes, then plug the printer in again`
}
