/** A small log for the witness tests, made without anything that is under test: it can grow, lie and forget. */
import { generateKeyPairSync } from 'node:crypto'
import { isProblem, type NoteKey, parseNoteKey } from '../../agent/verify/index.ts'
import { type WitnessSigner, witnessSigner } from '../../agent/witness/signer.ts'
import type { WitnessLogger } from '../../agent/witness/witness.ts'
import { checkpointText, signNote, type TestSigner, testSigner } from '../verify/signing.ts'
import { naiveConsistency, naiveRoot } from '../verify/trees.ts'

export class TestLog {
  readonly signer: TestSigner
  readonly origin: string
  readonly entries: Buffer[] = []

  constructor(origin: string, size: number) {
    this.origin = origin
    this.signer = testSigner(origin, 1)
    this.grow(size)
  }

  get size(): number {
    return this.entries.length
  }

  get key(): NoteKey {
    return keyOf(this.signer.vkey)
  }

  grow(count: number, word = 'entry'): this {
    for (let i = 0; i < count; i++) this.entries.push(Buffer.from(`${word} ${this.entries.length}`))
    return this
  }

  root(size = this.size): Buffer {
    return naiveRoot(this.entries.slice(0, size))
  }

  text(size = this.size): string {
    return checkpointText(this.origin, size, this.root(size))
  }

  /** The signed checkpoint. */
  note(size = this.size): string {
    const text = this.text(size)
    return signNote(text, this.signer.line(text)).toString()
  }

  proof(from: number, to = this.size): readonly Buffer[] {
    return naiveConsistency(from, this.entries.slice(0, to))
  }

  /** Another tree under the same name and key: the same up to `at`, and different from there on. */
  fork(at: number, size: number): TestLog {
    const fork = new TestLog(this.origin, 0)
    fork.entries.push(...this.entries.slice(0, at))
    return fork.grow(size - at, 'another')
  }

  /** What is sent to a witness that is thought to know `oldSize`. */
  submission(oldSize: number, size = this.size): string {
    const hashes = this.proof(oldSize, size).map((hash) => `${hash.toString('base64')}\n`)
    return `old ${oldSize}\n${hashes.join('')}\n${this.note(size)}`
  }
}

export function keyOf(vkey: string): NoteKey {
  const key = parseNoteKey(vkey)
  if (isProblem(key)) throw new Error(key.problem)
  return key
}

/** A new key under a name. */
export function newSigner(name: string): WitnessSigner {
  return witnessSigner(name, generateKeyPairSync('ed25519').privateKey)
}

/** What the witness told whoever runs it. */
export class Told implements WitnessLogger {
  readonly warnings: { readonly details: Readonly<Record<string, unknown>>; readonly message: string }[] = []

  info(): void {}

  warn(details: object, message: string): void {
    this.warnings.push({ details: { ...details }, message })
  }
}
