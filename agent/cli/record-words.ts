import type { StoredRecord } from '../audit/index.ts'

/** A record of the log in a few words. */
export function recordWords(record: StoredRecord): string {
  switch (record.kind) {
    case 'log-opened':
      return `log ${record.origin} begins`
    case 'tail-truncated':
      return `cut off ${record.bytes} bytes that a crash left at the end`
    case 'agent-started':
      return `agent ${record.version} started on machine ${record.machine}`
    case 'agent-ended':
      return 'agent ended, with the machine at rest'
    case 'policy-loaded':
      return `policy ${record.name} version ${record.version} loaded`
    case 'decision':
      return decisionWords(record.decision)
    case 'job-opened':
      return `job ${short(record.job)} opened: ${record.commands} commands, allowed by record ${record.decision}`
    case 'job-sealed':
      return `job ${short(record.job)}: ${record.commandsSent} commands sent, digest ${record.sha256.slice(0, 16)}`
    case 'job-closed':
      return `job ${short(record.job)} closed: ${record.outcome}, ${commandsWords(record)}${because(record.reason)}`
    case 'host-opened':
      return `host came to ${record.place}`
    case 'host-closed':
      return `host left ${record.place} after ${record.lines} lines`
    case 'stream-opened':
      return `job ${short(record.job)} opened: a stream of the host, ${record.host}`
    case 'printer-opened':
      return `printer at ${record.port} opened`
    case 'printer-lost':
      return `printer at ${record.port} lost: ${record.reason}`
    case 'job-armed':
      return `job ${short(record.job)} armed, allowed by record ${record.decision}`
    case 'job-disarmed':
      return `job ${short(record.job)} disarmed by ${record.by}`
    case 'interlude':
      return `job ${short(record.job)} paused: ${record.commandsSent} commands in the pause, then put back`
    case 'latched':
      return `blocked: ${record.reason}`
    case 'cleared':
      return `cleared by ${record.by}`
    case 'emergency-stop':
      return `emergency stop by ${record.by}`
    case 'line-refused':
      return `line ${record.line} refused: ${record.message}`
    case 'safe-stop':
      return `safe stop, heaters ${record.confirmed ? 'confirmed off' : 'not confirmed off'}${because(record.reason)}`
  }
}

function commandsWords(record: StoredRecord & { kind: 'job-closed' }): string {
  const { commandsSent, commandsTotal } = record
  return commandsTotal === null ? `${commandsSent} commands` : `${commandsSent} of ${commandsTotal} commands`
}

function because(reason: string | null): string {
  return reason === null ? '' : ` (${reason})`
}

function short(job: string): string {
  return job.slice(0, 8)
}

/** A decision's document is opaque to the log; only what is surely there is told. */
function decisionWords(decision: object): string {
  const outcome = member(decision, 'outcome')
  const job = member(decision, 'job')
  const name = typeof job === 'object' && job !== null ? member(job, 'name') : undefined
  const reasons = member(decision, 'reasons')
  const first: unknown = Array.isArray(reasons) ? reasons[0] : undefined
  const message = typeof first === 'object' && first !== null ? member(first, 'message') : undefined
  const why = typeof message === 'string' ? `: ${message}` : ''
  return `decision ${typeof outcome === 'string' ? outcome : '?'} for ${typeof name === 'string' ? name : '?'}${why}`
}

function member(value: object, key: string): unknown {
  return Object.entries(value).find(([name]) => name === key)?.[1]
}
