import { join } from 'node:path'
import { type LogEntry, readLog, verifyLog } from '../audit/index.ts'
import { EXIT } from '../errors.ts'
import { defaultStatePath } from '../state-folder.ts'
import { dim, green, LineWriter, red, say, sayJson, yellow } from './output.ts'
import { recordWords } from './record-words.ts'

export interface AuditOptions {
  readonly state?: string
  readonly json?: true
}

/** `portcullis audit show`: the records of a log, one a line. */
export async function show(dir: string | undefined, options: AuditOptions): Promise<void> {
  const writer = new LineWriter()
  const folder = await logFolder(dir, options)
  try {
    for await (const entry of readLog(folder)) {
      if (options.json) await writer.writeJson(entry)
      else await writer.write(describeEntry(entry))
    }
  } finally {
    // Where the log is damaged, what stands before the damage is still worth reading.
    await writer.flush()
  }
}

/** `portcullis audit verify`: whether the log is whole and unaltered. Exit status 6 where it is not. */
export async function verify(dir: string | undefined, options: AuditOptions): Promise<void> {
  const verification = await verifyLog(await logFolder(dir, options))
  if (!verification.ok) process.exitCode = EXIT.evidenceFailed
  if (options.json) {
    sayJson(verification)
    return
  }
  const { ok, records, head, findings } = verification
  say(
    `${ok ? green('whole') : red('damaged')}  ${records} records, head ${head ?? 'none'}`,
    ...findings.map(
      ({ severity, message }) => `  ${severity === 'damage' ? red('✗') : yellow('!')} ${message}`,
    ),
    ...(ok ? [dim('  a chain alone cannot show that records are missing at its end')] : []),
  )
}

async function logFolder(dir: string | undefined, options: AuditOptions): Promise<string> {
  return dir ?? join(options.state ?? defaultStatePath(process.env), 'log')
}

/** One record, with its place and time. */
export function describeEntry({ index, record }: LogEntry): string {
  return `${String(index).padStart(5)}  ${dim(record.at)}  ${recordWords(record)}`
}
