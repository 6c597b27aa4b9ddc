/** The clock, by which licences expire and hours of use are judged. */
import { join } from 'node:path'
import { fail, note, ok, type Told } from '../finding.ts'
import type { Check, Subject } from '../subject.ts'
import { seen } from '../world.ts'

/** When this was written: no clock that goes right shows an earlier time. */
const WRITTEN_MS = Date.UTC(2026, 10, 22)
/** A record may be written while we look; clocks are put right by this much without harm. */
const TOLERANCE_MS = 10_000
/** A record has 64 KiB at most, so this holds the last one whole, and one that is just being written. */
const END_BYTES = 256 * 1024
/** The hash before it, and the text of a time in the log. */
const RECORD_AT = /^[0-9a-f]{64} \{"at":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)"/

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

/** Of the last whole record whose time can be read, by that record. */
function lastRecordMs({ site, world }: Subject): number | undefined {
  const end = seen(world.readEnd(join(site.state, 'log', 'records.log'), END_BYTES)) ?? ''
  // The piece after the last line end is unfinished or empty.
  const lines = end.split('\n').slice(0, -1)
  const times = lines.map((line) => Date.parse(RECORD_AT.exec(line)?.[1] ?? ''))
  return times.findLast((time) => !Number.isNaN(time))
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
