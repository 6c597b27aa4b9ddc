/** The clock, by which licences expire and hours of use are judged. */
import { join } from 'node:path'
import { fail, note, ok, type Told } from '../finding.ts'
import type { Check, Subject } from '../subject.ts'
import { seen } from '../world.ts'

/** When this was written: no clock that goes right shows an earlier time. */
const WRITTEN_MS = Date.UTC(2026, 10, 22)
/** A record may be written while we look; clocks are put right by this much without harm. */
const TOLERANCE_MS = 10_000
/** A record has 60 KiB at most, so this holds the last one whole, and one that is just being written. */
const END_BYTES = 256 * 1024
/** How a record begins. No text in one can look like it: its quotes would stand behind a backslash. */
const RECORD_AT = /\{"at":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)","/g
/** What the files of the journal are called; the last by name has the newest records, unless it was made ahead. */
const SEGMENT = /^\d{14}$/

export const clock: Check = {
  id: 'clock',
  examine(subject) {
    const wrong = behind(subject)
    return [...(wrong === undefined ? [] : [wrong]), synchronised(subject), ...withoutBattery(subject)]
  },
}

function behind(subject: Subject): Told | undefined {
  const { nowMs } = subject.world
  const now = new Date(nowMs).toISOString()
  const remedy = 'set the clock: `sudo timedatectl set-ntp true`, or by hand `sudo timedatectl set-time ...`'
  if (nowMs < WRITTEN_MS) return fail(`the clock says \`${now}\`, before this program was written`, remedy)
  const last = lastRecordMs(subject)
  if (last === undefined || nowMs + TOLERANCE_MS >= last) return undefined
  const record = new Date(last).toISOString()
  const message = `the clock says \`${now}\`, before the newest record of the log, which says \`${record}\``
  return fail(
    message,
    `${remedy}; if it is right now, it was ahead before, and licences may have been judged wrongly`,
  )
}

/** Of the last record whose time can be read, by that record. */
function lastRecordMs({ site, world }: Subject): number | undefined {
  const journal = join(site.state, 'log', 'journal')
  const segments = (seen(world.list(journal)) ?? []).filter((name) => SEGMENT.test(name)).sort()
  for (const name of segments.slice(-2).reverse()) {
    const end = seen(world.readEnd(join(journal, name), END_BYTES)) ?? ''
    const times = [...end.matchAll(RECORD_AT)].map(([, at]) => Date.parse(at ?? ''))
    const last = times.findLast((time) => !Number.isNaN(time))
    if (last !== undefined) return last
  }
  return undefined
}

const SERVICES = /^(chronyd|ntpd|openntpd|systemd-timesyn)/

function synchronised({ processes, world }: Subject): Told {
  if (world.lstat('/run/systemd/timesync/synchronized').kind === 'seen') {
    return ok('the clock is set by a time server')
  }
  const service = processes.list.find(({ command }) => SERVICES.test(command))?.command
  return service === undefined
    ? note(
        'no program seems to set the clock by a time server, so licences expire by a clock that nobody checks',
        '`sudo timedatectl set-ntp true`, or with chrony `sudo apt install chrony`',
      )
    : note(
        `\`${service}\` sets the clock, but whether it has got a time does not show here`,
        'see it with `timedatectl` or `chronyc tracking`',
      )
}

/** A machine without a clock of its own starts at the time it was switched off, or in 1970. */
function withoutBattery({ world }: Subject): readonly Told[] {
  if (world.lstat('/sys/class/rtc/rtc0').kind !== 'missing') return []
  return [
    note(
      'this machine has no clock that goes on without power: after a start the time is wrong until a server sets it',
      'let the gate start after `time-sync.target`, or fit a clock module',
    ),
  ]
}
