/** Surveys whole jobs, and unpacks those of `fixtures/gcode`. */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { brotliDecompressSync } from 'node:zlib'
import { type Claims, type Facts, MARLIN, type RefusedLine, Survey } from '../../gcode/index.ts'
import { bytesOf } from './lines-of.ts'

/** What a survey makes of a job. */
export interface SurveyedJob {
  readonly facts: Facts
  readonly claims: Claims
  /** SHA-256 over the canonical commands, in hex. */
  readonly digest: string
  readonly lineCount: number
  readonly refusedCount: number
  readonly refusedLines: readonly RefusedLine[]
}

/** Surveys a job handed over in chunks that end at the given places; in one chunk where there are none. */
export function surveyJob(job: string | Uint8Array, cuts: readonly number[] = []): SurveyedJob {
  const bytes = bytesOf(job)
  const hasher = createHash('sha256')
  const survey = new Survey({ table: MARLIN, hasher })
  let from = 0
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    // A chunk of its own, so that nothing can be read that has not arrived yet.
    survey.push(bytes.slice(from, cut))
    from = cut
  }
  survey.push(bytes.slice(from))
  survey.end()
  return {
    facts: survey.facts(),
    claims: survey.claims(),
    digest: hasher.digest('hex'),
    lineCount: survey.lineCount,
    refusedCount: survey.refusedCount,
    refusedLines: survey.refusedLines,
  }
}

/** The facts of a job. */
export function factsOf(job: string | Uint8Array): Facts {
  return surveyJob(job).facts
}

/** The claims of a job. */
export function claimsOf(job: string | Uint8Array): Claims {
  return surveyJob(job).claims
}

/** A file of `fixtures/gcode`, unpacked. */
export function fixtureJob(name: string): Uint8Array {
  const bytes = readFileSync(new URL(`../../fixtures/gcode/${name}`, import.meta.url))
  return name.endsWith('.br') ? brotliDecompressSync(bytes) : bytes
}

/** The slicer files that are whole jobs. */
export const WHOLE_JOBS = [
  'prusa-cube.gcode.br',
  'prusa-cube-arcs.gcode.br',
  '../demo/cube.gcode',
  'slic3r-1.3-cube.gcode',
  'curaengine-4.13-cube.gcode',
] as const

/** The beginnings of longer ones. */
export const JOB_HEADS = [
  'prusa-gear-comments-head.gcode',
  'prusa-gear-abs-head.gcode',
  'prusa-gear-abs-arcs-head.gcode',
  'cura-gear-head.gcode',
] as const
