/**
 * The machine's key for sealed jobs, beside its other keys: an age identity, as `age-keygen` writes one, so that its owner can
 * open sealed jobs by other means too. It is made when it is first asked for. Where it is lost, what is sealed to it stays
 * sealed, and nothing else suffers; another is never put in its place unsaid, since people go on sealing to the one they
 * know: its public half stands in a file of its own, and tells that there was one.
 */
import { join } from 'node:path'
import { AgentError, systemErrorCode, systemReason } from './errors.ts'
import { makePrivateFile, readPrivateFile } from './private-file.ts'
import { newIdentity, recipientOf, type SealingKey } from './sealed/index.ts'

const KEY_FILE = 'sealing-key.txt'
const RECIPIENT_FILE = 'sealing-recipient.txt'
const WORDS = 'sealing key'

/** What opens sealed jobs on this machine, or why nothing does. Makes nothing, and never throws for what is on the disk. */
export async function sealingKeyIn(root: string): Promise<SealingKey> {
  try {
    const identity = await readIdentity(root)
    if (identity !== undefined) return { identity }
    if ((await readPrivateFile(join(root, RECIPIENT_FILE), WORDS)) !== undefined)
      return { problem: lost(root) }
    return {
      problem:
        'this machine has no sealing key, so nothing is sealed to it; see `portcullis licence seal-key`',
    }
  } catch (error) {
    if (error instanceof AgentError) return { problem: error.message }
    if (systemErrorCode(error) === undefined) throw error
    return { problem: `the ${WORDS} \`${join(root, KEY_FILE)}\` cannot be read: ${systemReason(error)}` }
  }
}

/** The key that jobs are sealed to for this machine, `age1...`. Made at the first call. Throws STATE_UNUSABLE. */
export async function sealingRecipient(root: string): Promise<string> {
  try {
    let identity = await readIdentity(root)
    const known = (await readPrivateFile(join(root, RECIPIENT_FILE), WORDS))?.trim()
    if (identity === undefined) {
      if (known !== undefined) throw new AgentError('STATE_UNUSABLE', lost(root))
      await makePrivateFile(root, KEY_FILE, await keyText(await newIdentity()))
      // Another process may have been first: what counts is what stands there.
      identity = await readIdentity(root)
    }
    const recipient = identity === undefined ? undefined : await recipientOf(identity)
    if (recipient === undefined) throw damaged(root)
    if (known === undefined) await makePrivateFile(root, RECIPIENT_FILE, `${recipient}\n`)
    else if (known !== recipient) {
      const message = `the ${WORDS} \`${join(root, KEY_FILE)}\` is not that of \`${join(root, RECIPIENT_FILE)}\`; put the right one back, or remove the latter where people know of the change`
      throw new AgentError('STATE_UNUSABLE', message)
    }
    return recipient
  } catch (error) {
    if (error instanceof AgentError || systemErrorCode(error) === undefined) throw error
    const message = `the ${WORDS} \`${join(root, KEY_FILE)}\` cannot be made or read: ${systemReason(error)}`
    throw new AgentError('STATE_UNUSABLE', message, { cause: error })
  }
}

async function keyText(identity: string): Promise<string> {
  return `# created: ${new Date().toISOString()}\n# public key: ${await recipientOf(identity)}\n${identity}\n`
}

/** Undefined where there is none; throws where it is damaged. */
async function readIdentity(root: string): Promise<string | undefined> {
  const text = await readPrivateFile(join(root, KEY_FILE), WORDS)
  if (text === undefined) return undefined
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'))
  const [identity] = lines
  if (identity === undefined || lines.length !== 1 || (await recipientOf(identity.trim())) === undefined)
    throw damaged(root)
  return identity.trim()
}

function damaged(root: string): AgentError {
  return new AgentError(
    'STATE_UNUSABLE',
    `the ${WORDS} \`${join(root, KEY_FILE)}\` is damaged; put it back from a backup`,
  )
}

function lost(root: string): string {
  return `the ${WORDS} \`${join(root, KEY_FILE)}\` is gone; put it back from a backup, or remove \`${RECIPIENT_FILE}\` beside it and have another made with \`portcullis licence seal-key\``
}
