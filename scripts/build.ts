import { chmodSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'

/**
 * Builds the command to `dist/`: `portcullis.mjs`, with each subcommand in a chunk that is loaded when it is asked
 * for, `guard.mjs`, the guard process, `inspector.mjs`, the process that inspects jobs, and `checker.mjs`, the threads
 * that check a log. Native modules and what loads them stay outside, in node_modules.
 */

const root = dirname(import.meta.dirname)
const outdir = join(root, 'dist')

/** CommonJS dependencies call `require` at run time, which ES modules do not have. */
const REQUIRE_BANNER =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);"

/** Built aside and moved into place, so that a failed build leaves the last good one. */
const staging = join(root, 'node_modules', '.cache', `dist-${process.pid}`)

await build({
  absWorkingDir: root,
  entryPoints: {
    portcullis: 'agent/cli/main.ts',
    guard: 'agent/serial/guard-main.ts',
    inspector: 'agent/inspector-main.ts',
    checker: 'agent/verify/bundle-thread-main.ts',
  },
  outdir: staging,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  sourcemap: 'linked',
  legalComments: 'linked',
  external: ['serialport', '@serialport/*', 'koffi'],
  banner: { js: `#!/usr/bin/env node\n${REQUIRE_BANNER}` },
  logLevel: 'warning',
})
chmodSync(join(staging, 'portcullis.mjs'), 0o755)
rmSync(outdir, { recursive: true, force: true })
renameSync(staging, outdir)
