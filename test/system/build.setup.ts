import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { ROOT } from './command.ts'

/** Builds the command once, before the tests that run it. */
export default function setup(): void {
  execFileSync(process.execPath, ['--import', 'tsx', join('scripts', 'build.ts')], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}
