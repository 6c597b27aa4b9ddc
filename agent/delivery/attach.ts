/** Puts a licence at the head of a job. */
import { AgentError } from '../errors.ts'
import { JobHead, licenceIn } from './in-job.ts'
import { type Carrier, linesOf } from './pieces.ts'

const UTF8_MARK = Buffer.from([0xef, 0xbb, 0xbf])

/**
 * The job with the licence in front, as comments or as commands. Its commands stay what they were, and so does the digest over
 * them. Throws USAGE where the job carries a licence already, and LICENCE_UNREADABLE where the licence is too long.
 */
export async function* attachment(
  job: string,
  chunks: AsyncIterable<Uint8Array>,
  licence: string,
  carrier: Carrier,
): AsyncGenerator<Uint8Array, void> {
  const lines = Buffer.from(`${linesOf(licence, carrier).join('\n')}\n`, 'latin1')
  const head = new JobHead()
  let isFirst = true
  for await (const chunk of chunks) {
    head.add(chunk)
    if (isFirst) {
      const hasMark = UTF8_MARK.equals(chunk.subarray(0, UTF8_MARK.length))
      if (hasMark) yield UTF8_MARK
      yield lines
      yield hasMark ? chunk.subarray(UTF8_MARK.length) : chunk
    } else yield chunk
    isFirst = false
  }
  // At the end, since whoever writes the file makes it whole or not at all.
  if (licenceIn(job, head) !== undefined)
    throw new AgentError(
      'USAGE',
      `job \`${job}\` carries a licence already; attach the new one to the job as it came`,
    )
}
