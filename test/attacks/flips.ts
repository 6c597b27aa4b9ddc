/**
 * Bits that flip: one, which a seed chooses, of every few bytes of every file of a small log, and some of the tiles of a
 * large one. Every byte is tried where the readers are tested one by one; here each costs a start of everything. Whatever is said of it, nothing that is read may be another record than was written.
 */
import { seeded } from '../audit/memory-disk.ts'
import { type Attack, type Family, type Observation, type Outcome, outcomeOf } from './attack.ts'
import { observe } from './observe.ts'
import { SmallSite } from './small-site.ts'

const SEED = 20_261_122
/** Bits of each large tile: every one of them costs a start. */
const SAMPLED_BITS = 4

/** From harmless to not: what a row of many bits tells is the worst of them. */
const RANKS: readonly Outcome[] = ['prevented', 'detected', 'bounded', 'not defended']

/** A row for all bits of some files of the small log. */
function small(id: string, words: string, pattern: RegExp, expected: Outcome, stride = 1): Attack {
  return {
    id: `flip-${id}`,
    what: `any bit of ${words}`,
    needs: ['write'],
    expected: { none: expected, kept: expected, witness: expected },
    strike: () => {},
    observe: async (scene) => {
      const site = await SmallSite.of(scene)
      const random = seeded(SEED)
      const observed: Observation[] = []
      site.restore()
      for (const name of site.paths(pattern)) {
        const bytes = site.files.get(name) ?? Buffer.alloc(0)
        for (let at = 0; at < bytes.length; at += stride)
          observed.push(await site.observe(name, flipped(bytes, at, Math.floor(random() * 8))))
      }
      return worst(observed)
    },
  }
}

/** A row for some bits of a file of the large log. */
function large(id: string, words: string, name: string): Attack {
  return {
    id: `flip-${id}`,
    what: `any bit of ${words}`,
    needs: ['write'],
    expected: { none: 'detected', kept: 'detected', witness: 'detected' },
    strike: () => {},
    observe: async (scene) => {
      const bytes = scene.read(name)
      const random = seeded(SEED)
      const observed: Observation[] = []
      for (let i = 0; i < SAMPLED_BITS; i++) {
        scene.write(name, flipped(bytes, Math.floor(random() * bytes.length), Math.floor(random() * 8)))
        observed.push(await observe(scene))
        scene.restore('end')
      }
      return worst(observed)
    },
  }
}

function flipped(bytes: Buffer, at: number, bit: number): Buffer {
  const copy = Buffer.from(bytes)
  copy.writeUInt8(copy.readUInt8(at) ^ (1 << bit), at)
  return copy
}

/** Of many observations the worst, which counts for all. */
function worst(observed: readonly Observation[]): Observation {
  const rank = (observation: Observation): number => RANKS.indexOf(outcomeOf(observation, 'none'))
  const [first] = [...observed].sort((a, b) => rank(b) - rank(a))
  if (first === undefined) throw new Error('nothing was tried')
  const seen = RANKS.filter((outcome) => observed.some((one) => outcomeOf(one, 'none') === outcome))
  return { ...first, summary: `${observed.length} bits were tried, one by one: ${seen.join(', ')}` }
}

export const FLIPS: Family = {
  title: 'A bit is flipped',
  note: 'Of a log of seven records, with what others see of it and its side table: one bit of each byte, or of some, chosen by a seed. Of several outcomes the worst stands for all.',
  attacks: [
    small('journal', 'the journal', /^log\/journal\//, 'bounded', 7),
    small('checkpoint', '`checkpoint`', /^log\/checkpoint$/, 'detected', 3),
    small('witnessed', '`witnessed`', /^log\/witnessed$/, 'detected', 5),
    small('lock', '`lock`', /^log\/lock$/, 'prevented'),
    small('partials', 'the partial tiles and the partial bundle', /^log\/tile\//, 'prevented', 17),
    small('vault-head', 'the head of the side table', /^vault\/vault$/, 'detected'),
    small('names', 'the names in the side table', /^vault\/.*\/name$/, 'not defended', 41),
    small('month-keys', 'the keys in the side table', /^vault\/.*\.key$/, 'detected', 11),
    small('rows', 'the rows in the side table', /^vault\/.*\.rows$/, 'detected', 29),
    small('keys', 'the keys of the machine, the log and the side table', /^[^/]*\.json$/, 'detected', 23),
    large('bundle', 'a full bundle', 'tile/entries/000'),
    large('tile', 'a full tile', 'tile/0/000'),
  ],
}
