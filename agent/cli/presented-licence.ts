/** Which licence goes with a job: the one that is named, else the one beside it, else the one that it carries. */
import { resolve } from 'node:path'
import { licenceBeside } from '../delivery/index.ts'
import { readLicenceFile } from '../licence/index.ts'
import { dim } from './output.ts'

export interface PresentedLicence {
  /** Undefined where neither one was named nor one lies beside the job. */
  readonly text: string | undefined
  /** Says where it came from if nobody named it, or where the job carried it; a line or none. */
  saidOf(carrier: 'comments' | 'commands' | undefined): readonly string[]
}

/** Throws LICENCE_UNREADABLE where there is one and it cannot be read. */
export async function presentedLicence(job: string, named: string | undefined): Promise<PresentedLicence> {
  if (named !== undefined) return { text: await readLicenceFile(named), saidOf: () => [] }
  const beside = job === '-' ? undefined : await licenceBeside(resolve(job))
  if (beside !== undefined)
    return {
      text: await readLicenceFile(beside),
      saidOf: () => [dim(`  with the licence beside it: ${beside}`)],
    }
  return {
    text: undefined,
    saidOf: (carrier) => (carrier === undefined ? [] : [dim(`  with the licence in its ${carrier}`)]),
  }
}
