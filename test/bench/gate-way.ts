import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Way } from './latency-rig.ts'

/** The whole gate as people run it: every line read, judged, put on record and written anew. `command` is the built one. */
export function gateWay(folder: string, command: string): Way {
  return {
    name: 'gate',
    // Moves that extrude need a warm nozzle and a known position.
    preamble: ['G28', 'M104 S200', 'G92 E0'],
    start: async (printer) => {
      const path = join(folder, 'gate')
      const config = join(folder, 'gate.yaml')
      const lines = [
        `printer: { port: ${printer} }`,
        `host: { link: ${path}, jobs: any }`,
        'policy: open-bench',
        `state: ${join(folder, 'gate-state')}`,
        'log: error',
      ]
      writeFileSync(config, `${lines.join('\n')}\n`)
      const child = spawn(process.execPath, [command, 'serve', '--config', config, '--json'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const isOpen = await Promise.race([
        once(child.stdout, 'data').then(() => true),
        once(child, 'exit').then(() => false),
      ])
      if (!isOpen) throw new Error('the gate did not start')
      return { path, processes: [child] }
    },
  }
}
