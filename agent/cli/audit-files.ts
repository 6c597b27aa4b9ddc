/** The files that the commands of the log read and write beside it. */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { AgentError, systemErrorCode, systemReason } from '../errors.ts'
import { readBoundedFile } from '../token/index.ts'
import { parseTlogPolicy, type TlogPolicy } from '../verify/index.ts'
import { badUsage } from './end.ts'

/** What is written may be anybody's to read, but that is for its owner to decide. */
const FILE_MODE = 0o600
/** As large as a policy may be. */
const POLICY_BYTES_MAX = 1024 * 1024

/** A C2SP tlog-policy: which logs are trusted, and which witnesses. */
export async function readPolicyFile(path: string): Promise<TlogPolicy> {
  const policy = parseTlogPolicy(await readFileOf(path, POLICY_BYTES_MAX, 'policy'))
  if ('problem' in policy) throw badUsage(`policy \`${path}\`: ${policy.problem}`)
  return policy
}

/** A regular file that a person has named. */
export async function readFileOf(path: string, bytesMax: number, what: string): Promise<Buffer> {
  try {
    return await readBoundedFile(path, bytesMax, what)
  } catch (error) {
    throw error instanceof AgentError ? badUsage(error.message) : error
  }
}

/** Writes a new file, durably. What is there already stays as it is. */
export async function writeNewFile(path: string, text: string): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL
  const file = await open(path, flags, FILE_MODE).catch((error) => {
    if (systemErrorCode(error) === 'EEXIST') throw badUsage(`\`${path}\` exists already; name another file`)
    throw badUsage(`\`${path}\` cannot be written: ${systemReason(error)}`)
  })
  try {
    await file.writeFile(text)
    await file.sync()
  } catch (error) {
    throw badUsage(`\`${path}\` was not written whole: ${systemReason(error)}; delete it`)
  } finally {
    await file.close()
  }
}
