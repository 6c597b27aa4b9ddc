/** Another process that opens the log of a state folder, and adds a record to it. Says what came of it in a line of JSON. */
import { writeSync } from 'node:fs'
import { AgentError } from '../../agent/errors.ts'
import { openLedger } from '../../agent/ledger.ts'
import { openStateFolder } from '../../agent/state-folder.ts'

/** What it says: where its record is, or why it could add none. */
export type Said = { readonly index: number } | { readonly code: string; readonly message: string }

function say(said: Said): void {
  writeSync(1, `${JSON.stringify(said)}\n`)
}

try {
  const ledger = await openLedger(await openStateFolder(process.argv[2]))
  const { index } = await ledger.append({ kind: 'agent-ended' })
  await ledger.close()
  say({ index })
} catch (error) {
  if (!(error instanceof AgentError)) throw error
  say({ code: error.code, message: error.message })
}
