// A published implementation that is not ours reads our proofs: @sigstore/verify checks RFC 6962 inclusion and the
// checkpoints of signed notes for every package that npm installs with provenance. Only its public entry is used: an
// entity is verified as a whole, so the leaf is an entry of the kind that its log (Rekor) holds, and where the leaf is a
// record of our own, what it finds wrong next is the body, after checkpoint and inclusion held.
import { createHash, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { VerificationError, Verifier } from '@sigstore/verify'
import { describe, expect, test } from 'vitest'
import { checkTlogProof, isProblem, parseTlogPolicy, parseTlogProof } from '../../agent/verify/index.ts'
import { checkpointText, signNote, type TestSigner, testSigner } from './signing.ts'
import { CT_LEAVES, naivePath, naiveRoot } from './trees.ts'

type Entity = Parameters<Verifier['verify']>[0]

const ORIGIN = 'portcullis/m-0000000000000000/l-0000000000000000'
const log = testSigner(ORIGIN, 1)
const witness = testSigner('witness.example', 4)
const artifact = Buffer.from('what was signed')
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const signature = sign('sha256', artifact, privateKey)
const spki = (key: Buffer) =>
  createPublicKey({
    key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), key]),
    format: 'der',
    type: 'spki',
  })

/** An entry as Rekor's log holds them. */
const REKOR_ENTRY = Buffer.from(
  JSON.stringify({
    apiVersion: '0.0.1',
    kind: 'hashedrekord',
    spec: {
      data: { hash: { algorithm: 'sha256', value: createHash('sha256').update(artifact).digest('hex') } },
      signature: {
        content: signature.toString('base64'),
        publicKey: {
          content: Buffer.from(publicKey.export({ type: 'spki', format: 'pem' })).toString('base64'),
        },
      },
    },
  }),
)
/** A record as our log holds them. */
const OUR_RECORD = Buffer.from('{"at":"2026-11-22T20:00:00.000Z","kind":"agent-ended","seq":5}')

interface Proof {
  readonly index: number
  readonly hashes: readonly Buffer[]
  readonly note: Buffer
}

/** What `leaves[index]` is proved with, by the definitions. */
function proofOf(leaves: readonly Buffer[], index: number, signer: TestSigner = log): Proof {
  const text = checkpointText(ORIGIN, leaves.length, naiveRoot(leaves))
  return {
    index,
    hashes: naivePath(index, leaves),
    note: signNote(text, signer.line(text), witness.line(text, 9)),
  }
}

/** Null if the other implementation accepts the whole; else the code of what it finds wrong. */
function theirVerdict(leaf: Buffer, proof: Proof): string | null {
  const logID = createHash('sha256').update(`${ORIGIN}\n\x01`).update(log.publicKey).digest()
  const verifier = new Verifier(
    {
      certificateAuthorities: [],
      timestampAuthorities: [],
      ctlogs: [],
      tlogs: [
        {
          logID,
          baseURL: ORIGIN,
          publicKey: spki(log.publicKey),
          validFor: { start: new Date(0), end: new Date(8.64e15) },
        },
      ],
      publicKey: () => ({ publicKey, validFor: () => true }),
    },
    { tlogThreshold: 1, ctlogThreshold: 0, timestampThreshold: 0 },
  )
  const [, size, root] = proof.note.toString().split('\n')
  const entity: Entity = {
    signature: {
      signature,
      compareSignature: (other) => other.equals(signature),
      compareDigest: (other) => other.equals(createHash('sha256').update(artifact).digest()),
      verifySignature: () => true,
    },
    key: { $case: 'public-key', hint: '' },
    timestamps: [],
    tlogEntries: [
      {
        logIndex: String(proof.index),
        logId: { keyId: logID },
        kindVersion: { kind: 'hashedrekord', version: '0.0.1' },
        integratedTime: '0',
        inclusionPromise: undefined,
        inclusionProof: {
          logIndex: String(proof.index),
          rootHash: Buffer.from(root!, 'base64'),
          treeSize: size!,
          hashes: [...proof.hashes],
          checkpoint: { envelope: proof.note.toString() },
        },
        canonicalizedBody: leaf,
      },
    ],
  }
  try {
    verifier.verify(entity)
    return null
  } catch (error) {
    if (error instanceof VerificationError) return error.code
    throw error
  }
}

/** The same question to our own checker. */
function isOurs(leaf: Buffer, { index, hashes, note }: Proof): boolean {
  const lines = hashes.map((hash) => `${hash.toString('base64')}\n`).join('')
  const proof = parseTlogProof(Buffer.from(`c2sp.org/tlog-proof@v1\nindex ${index}\n${lines}\n${note}`))
  const policy = parseTlogPolicy(Buffer.from(`log ${log.vkey}\nwitness w ${witness.vkey}\nquorum w\n`))
  if (isProblem(proof) || isProblem(policy)) return false
  return !isProblem(checkTlogProof(proof, leaf, policy))
}

const leavesAround = (leaf: Buffer, index: number, size: number): readonly Buffer[] =>
  Array.from({ length: size }, (_, i) => (i === index ? leaf : (CT_LEAVES[i % 8] ?? leaf)))

describe('an implementation of other people', () => {
  test('accepts our checkpoints and proofs, at every index of every tree up to 40', () => {
    for (let size = 1; size <= 40; size++) {
      for (let index = 0; index < size; index++) {
        const proof = proofOf(leavesAround(REKOR_ENTRY, index, size), index)
        expect(theirVerdict(REKOR_ENTRY, proof), `${index} of ${size}`).toBeNull()
        expect(isOurs(REKOR_ENTRY, proof), `${index} of ${size}`).toBe(true)
      }
    }
  })

  test('finds our own records where our proofs say that they are', () => {
    const proof = proofOf(leavesAround(OUR_RECORD, 5, 11), 5)
    expect(isOurs(OUR_RECORD, proof)).toBe(true)
    // Checkpoint and inclusion hold; the body is no entry of Rekor’s.
    expect(theirVerdict(OUR_RECORD, proof)).toBe('TLOG_BODY_ERROR')
  })

  test.each<[string, (proof: Proof) => Proof]>([
    ['another index', (proof) => ({ ...proof, index: 4 })],
    ['an index beyond the tree', (proof) => ({ ...proof, index: 11 })],
    ['a hash too few', (proof) => ({ ...proof, hashes: proof.hashes.slice(1) })],
    ['a hash too many', (proof) => ({ ...proof, hashes: [...proof.hashes, ...proof.hashes.slice(0, 1)] })],
    ['hashes in another order', (proof) => ({ ...proof, hashes: [...proof.hashes].reverse() })],
    [
      'another size',
      (proof) => ({ ...proof, note: Buffer.from(proof.note.toString().replace('\n11\n', '\n12\n')) }),
    ],
    [
      'another log’s signature',
      () => proofOf(leavesAround(REKOR_ENTRY, 5, 11), 5, testSigner(ORIGIN, 1, 'thief')),
    ],
  ])('refuses as we do: %s', (_, change) => {
    const proof = change(proofOf(leavesAround(REKOR_ENTRY, 5, 11), 5))
    expect(theirVerdict(REKOR_ENTRY, proof)).toBe('TLOG_INCLUSION_PROOF_ERROR')
    expect(isOurs(REKOR_ENTRY, proof)).toBe(false)
  })

  test('refuses as we do: another leaf', () => {
    const proof = proofOf(leavesAround(REKOR_ENTRY, 5, 11), 5)
    expect(theirVerdict(OUR_RECORD, proof)).toBe('TLOG_INCLUSION_PROOF_ERROR')
    expect(isOurs(OUR_RECORD, proof)).toBe(false)
  })
})
