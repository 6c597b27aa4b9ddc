import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { verifyLicence } from '../../agent/licence/index.ts'
import { contextWith, issuer, NOW_MS, plainClaims } from '../licence/fixture.ts'
import { signKind } from '../token/sign-kind.ts'
import { median, type Row } from './measure.ts'

/**
 * What it costs to check a licence - envelope, both opinions on its certificates, signature, claims, every check - beside
 * what OpenSSL takes for the certificates alone. CPU, not time by the clock.
 */

const ROUNDS = 9
const CHECKS_PER_ROUND = 30

/** Enough for the shell's clock, which counts in hundredths of a second. */
const RUNS_OF_OPENSSL = 100

/** The first check of a process compiles what all later ones use. */
export async function licenceRows(folder: string): Promise<readonly Row[]> {
  const text = signKind('licence', plainClaims())
  const first = await cpuMs(text, 1)
  await cpuMs(text, CHECKS_PER_ROUND)
  const checks: number[] = []
  const references: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    checks.push((await cpuMs(text, CHECKS_PER_ROUND)) / CHECKS_PER_ROUND)
    references.push(opensslMs(folder))
  }
  const referenceValue = median(references)
  const row = (name: string, value: number): Row => ({
    name,
    unit: 'ms of CPU',
    value,
    reference: 'openssl verify of its chain, without its start',
    referenceValue,
    ratio: value / referenceValue,
  })
  return [row('check of a licence', median(checks)), row('the first one of a process', first)]
}

async function cpuMs(text: string, checks: number): Promise<number> {
  const started = process.cpuUsage()
  for (let at = 0; at < checks; at++) {
    // A new context each time, as for each job: nothing is kept from the last one.
    const result = await verifyLicence(text, contextWith())
    if (!result.ok) throw new Error(result.refusal.message)
  }
  const { user, system } = process.cpuUsage(started)
  return (user + system) / 1000
}

/** CPU of one `openssl verify`, less that of an `openssl` which only says its version. */
function opensslMs(folder: string): number {
  const path = (name: string, pem: string): string => {
    const file = join(folder, name)
    writeFileSync(file, pem)
    return file
  }
  const root = path('root.pem', issuer.rootPem)
  const intermediate = path('intermediate.pem', issuer.intermediatePem)
  const signer = path('signer.pem', issuer.signerPem)
  const at = String(Math.floor(NOW_MS / 1000))
  const verify = ['verify', '-attime', at, '-CAfile', root, '-untrusted', intermediate, signer]
  return childrenMs(verify) - childrenMs(['version'])
}

/** CPU in ms of one run of a command, which the shell adds up over many. */
function childrenMs(args: readonly string[]): number {
  const script =
    'n=$1; shift; while [ $n -gt 0 ]; do openssl "$@" >/dev/null || exit 1; n=$((n-1)); done; times'
  const run = spawnSync('bash', ['-c', script, 'bash', String(RUNS_OF_OPENSSL), ...args], {
    encoding: 'utf8',
  })
  if (run.status !== 0) throw new Error(`openssl ${args.join(' ')} failed: ${run.stderr}`)
  // The second line is that of the children: user and system, as `0m1.234s`.
  const times = run.stdout.trim().split('\n').at(-1) ?? ''
  let totalMs = 0
  for (const [, minutes, seconds] of times.matchAll(/(\d+)m([\d.]+)s/g)) {
    totalMs += Number(minutes) * 60_000 + Number(seconds) * 1000
  }
  return totalMs / RUNS_OF_OPENSSL
}
