/** Whether another program has the printer's device open: it could print now, and what it reads the gate misses. */
import { resolve } from 'node:path'
import { fail, ok, type Told, warn } from '../finding.ts'
import { holdersOf, type Process } from '../processes.ts'
import { asRoot, type Check, type Subject } from '../subject.ts'
import { follow } from '../trail.ts'
import { seen } from '../world.ts'

/** Node, perhaps with options, and then the program. */
const PROGRAM_WORDS = 8

export const deviceOpen: Check = {
  id: 'device-open',
  examine(subject) {
    const { device, processes, world } = subject
    if (device?.number === undefined) return []
    const { real } = device.trail
    const { holders, unseen } = holdersOf(world, processes, device.number)
    const strangers = holders.filter((process) => !isGate(subject, process))
    const own = holders.filter((process) => isGate(subject, process))
    const told: readonly Told[] = strangers.map((process) => stranger(subject, process, real))
    if (unseen > 0 || !processes.isWhole) return [...told, notAllSeen(subject, real, unseen)]
    if (told.length > 0) return told
    const by = own.length === 0 ? 'no program' : 'no program but the gate'
    return [ok(`${by} has \`${real}\` open`)]
  },
}

function stranger({ people }: Subject, { pid, command, uid }: Process, real: string): Told {
  return fail(
    `\`${real}\` is open in process ${pid}, \`${command}\` of \`${people.userName(uid)}\`, which is not the gate`,
    `end it (\`sudo kill ${pid}\`) and let it use the virtual port from now on`,
  )
}

function notAllSeen(subject: Subject, real: string, unseen: number): Told {
  const count = subject.processes.isWhole ? ` (${unseen})` : ''
  return warn(
    `programs of other users${count} do not show what they have open, so one may have \`${real}\``,
    asRoot(subject),
  )
}

/** A program of ours, run by the gate's user or root: nobody else can pass for it. */
function isGate({ people, site, world }: Subject, { pid, uid, words }: Process): boolean {
  if (!people.isTrusted(uid)) return false
  // A program that is found by its link has the link here.
  const folder = seen(world.readlink(`/proc/${pid}/cwd`)) ?? '/'
  const parts = [`${site.program}/dist/`, `${site.program}/agent/`]
  return words.slice(1, PROGRAM_WORDS).some((text) => {
    const { real, end } = follow(world, resolve(folder, text))
    return end.kind === 'seen' && end.value.type === 'file' && parts.some((part) => real.startsWith(part))
  })
}
