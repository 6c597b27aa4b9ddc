/** The licence that lies beside a job, under its name: `part.gcode.licence` for `part.gcode`. */
import { lstat } from 'node:fs/promises'
import { AgentError, systemErrorCode, systemReason } from '../errors.ts'

const ENDING = '.licence'
const SEALED_ENDING = '.age'

/**
 * The path of that licence, or undefined where there is none. A sealed job's may also be named after the job that was sealed:
 * `part.gcode.licence` for `part.gcode.age`. Whether it can be read is for whoever reads it. Throws LICENCE_UNREADABLE where
 * that cannot even be looked at, since a job must not pass for one without a licence.
 */
export async function licenceBeside(job: string): Promise<string | undefined> {
  const names = [`${job}${ENDING}`]
  if (job.endsWith(SEALED_ENDING)) names.push(`${job.slice(0, -SEALED_ENDING.length)}${ENDING}`)
  for (const path of names) {
    try {
      await lstat(path)
      return path
    } catch (error) {
      const code = systemErrorCode(error)
      if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG' || code === 'EACCES') continue
      const message = `licence \`${path}\` cannot be looked at: ${systemReason(error)}`
      throw new AgentError('LICENCE_UNREADABLE', message, { cause: error })
    }
  }
  return undefined
}
