import { type OpenSource, openSource } from '../spool/index.ts'

/** Opens the job that an argument names: a file, or `-` for standard input. */
export function openJob(job: string): Promise<OpenSource> {
  return openSource(job === '-' ? { stream: process.stdin, name: 'standard input' } : { path: job })
}
