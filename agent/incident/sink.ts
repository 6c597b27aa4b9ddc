/** Where incidents are sent. */
import type { IncidentEvent } from './event.ts'
import { FileSink } from './file-sink.ts'
import type { Finding } from './finding.ts'
import { HttpSink } from './http-sink.ts'
import { checkSink, type SinkOptions } from './options.ts'
import { SyslogSink } from './syslog-sink.ts'

/** What is sent: the event, and the finding in it. */
export interface Dispatch {
  readonly finding: Finding
  readonly event: IncidentEvent
}

export interface Sink {
  /** Resolves once it is there as far as can be known; rejects with `Undeliverable` where trying again is no use. */
  send(dispatch: Dispatch, signal: AbortSignal): Promise<void>
}

/** Throws AgentError CONFIG_INVALID for options that contradict themselves; opens nothing yet. */
export function openSink(options: SinkOptions): Sink {
  checkSink(options)
  switch (options.kind) {
    case 'file':
      return new FileSink(options)
    case 'syslog':
      return new SyslogSink(options)
    case 'http':
      return new HttpSink(options)
  }
}
