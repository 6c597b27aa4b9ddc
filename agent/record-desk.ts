import { type LogEntry, readLog } from './audit/index.ts'
import type { PrivacyConfig } from './config/index.ts'
import { askGate, controlSocketPath } from './control/index.ts'
import { applyRefund } from './copy-refund.ts'
import { eraseSubject, erasureWords } from './erase-subject.ts'
import { AgentError, type AgentErrorCode, isAgentErrorCode } from './errors.ts'
import { type Ledger, openLedger, readLedger } from './ledger.ts'
import type { AuditRecord } from './log-format/index.ts'
import type { StateFolder } from './state-folder.ts'
import { openVault, type SubjectSummary } from './vault/index.ts'

/**
 * Where people add to a log: directly, or through the gate that has it open. Between what they read and what they add
 * others may add too; what is wrong then shows when the log is verified.
 */
export interface RecordDesk {
  /** The records, with what is hidden of them. */
  entries(): AsyncIterable<LogEntry>
  append(record: AuditRecord): Promise<{ readonly index: number }>
  /** Erases a subject, by its id or a person's name, where `isForced` though an appeal is open, and answers what was done in a sentence. */
  erase(subject: string, by: string, isForced?: boolean): Promise<string>
  /** Puts a refund that an issuer signed on record. Throws LICENCE_UNREADABLE where it cannot be used. */
  refund(token: string): Promise<{ readonly message: string; readonly index: number }>
  /** Who is in the side table. */
  subjects(): Promise<readonly SubjectSummary[]>
  close(): Promise<void>
}

/**
 * Opens the log of a state folder to add to it, or asks the gate that has it. `privacy` is null where nobody has said what
 * the site must keep. Throws as `openLedger` does.
 */
export async function openRecordDesk(state: StateFolder, privacy: PrivacyConfig | null): Promise<RecordDesk> {
  try {
    return directDesk(state, privacy, await openLedger(state))
  } catch (error) {
    if (!(error instanceof AgentError) || error.code !== 'AUDIT_LOCKED') throw error
    return gateDesk(state, error)
  }
}

function directDesk(state: StateFolder, privacy: PrivacyConfig | null, ledger: Ledger): RecordDesk {
  return {
    entries: () => readLedger(state),
    append: (record) => ledger.append(record),
    erase: async (subject, by, isForced = false) => {
      const order = { subject, by, nowMs: Date.now(), isForced }
      const duties = privacy ?? (await dutiesOfNoGate(state))
      return erasureWords((await eraseSubject(ledger, duties, order)).record)
    },
    refund: async (token) => {
      const done = await applyRefund(ledger, state, token)
      if ('problem' in done) throw new AgentError('LICENCE_UNREADABLE', `not given back: ${done.problem}`)
      return done
    },
    subjects: () => ledger.vault.subjects(),
    close: () => ledger.close(),
  }
}

/** A site without a gate has no configuration. That of a gate may name a duty that must not be passed over. */
async function dutiesOfNoGate({ logDir }: StateFolder): Promise<PrivacyConfig> {
  for await (const _ of readLog(logDir, { kinds: ['agent-started'] })) {
    const message = 'a gate wrote this log; what must be kept of it stands in the configuration of that gate'
    throw new AgentError('USAGE', `${message}: name it with \`--config\``)
  }
  return { keepDays: null, mustKeepDays: 0 }
}

function gateDesk(state: StateFolder, locked: AgentError): RecordDesk {
  const ask = async (request: Parameters<typeof askGate>[1]) => {
    const answer = await askGate(controlSocketPath(state.path), request).catch((error: unknown) => {
      // Whoever has the log is no gate, or one that is just beginning: that is what to tell.
      throw error instanceof AgentError ? locked : error
    })
    if (!answer.ok) throw new AgentError(codeOf(answer.code), answer.message)
    return answer
  }
  return {
    entries: () => readLedger(state),
    append: async (record) => {
      const { index } = await ask({ do: 'record', record })
      if (index === undefined) throw noIndex()
      return { index }
    },
    erase: async (subject, by, isForced = false) =>
      (await ask({ do: 'erase', subject, by, ...(isForced && { force: true as const }) })).message,
    refund: async (token) => {
      const { message, index } = await ask({ do: 'refund', token })
      if (index === undefined) throw noIndex()
      return { message, index }
    },
    subjects: async () => {
      const vault = await openVault(state.vaultDir, { wrappingKey: state.wrappingKey, isReader: true })
      return await vault.subjects().finally(() => vault.close())
    },
    close: async () => undefined,
  }
}

function noIndex(): AgentError {
  return new AgentError('STATE_UNUSABLE', 'the gate did not say where it put the record')
}

function codeOf(code: string): AgentErrorCode {
  return isAgentErrorCode(code) ? code : 'STATE_UNUSABLE'
}
