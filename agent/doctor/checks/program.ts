/** The gate's own program, its packages and the Node that runs it: whoever can write there is the gate. */
import { join } from 'node:path'
import { othersWho, WRITE, weaknessesOf, whoWords } from '../access.ts'
import { fail, names, ok, type Told, warn, word } from '../finding.ts'
import type { Check, Subject } from '../subject.ts'
import { follow } from '../trail.ts'

/** What of the package is run or obeyed. */
const PARTS = ['dist', 'node_modules', 'policies', 'package.json']
/** Several times what the package installs; a larger tree is not looked through to its end. */
const FILES_MAX = 50_000

export const program: Check = {
  id: 'program',
  examine(subject) {
    const { site, world } = subject
    const roots = [...PARTS.map((part) => join(site.program, part)), site.node]
    const look = new Look(subject)
    for (const root of roots) {
      if (world.lstat(root).kind === 'missing') continue
      look.along(root)
      look.through(root)
    }
    return look.told()
  },
}

/** Goes through the files once, each folder and link with what is behind it. */
class Look {
  readonly #subject: Subject
  readonly #places = new Map<string, string>()
  readonly #done = new Set<string>()
  #hidden = 0
  #isWhole = true

  constructor(subject: Subject) {
    this.#subject = subject
  }

  /** The folders above, and links on the way. */
  along(path: string): void {
    const { people, world } = this.#subject
    for (const { folder, who } of weaknessesOf(people, follow(world, path))) this.#places.set(folder, who)
  }

  through(root: string): void {
    const { people, world } = this.#subject
    const waiting = [root]
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      if (this.#done.has(path)) continue
      if (this.#done.size >= FILES_MAX) {
        this.#isWhole = false
        return
      }
      this.#done.add(path)
      const facts = world.lstat(path)
      if (facts.kind !== 'seen') {
        if (facts.kind === 'hidden') this.#hidden++
        continue
      }
      if (facts.value.type === 'link') {
        this.along(path)
        waiting.push(follow(world, path).real)
        continue
      }
      const who = whoWords(people, othersWho(people, facts.value, WRITE))
      if (who !== undefined) this.#places.set(path, who)
      if (facts.value.type !== 'folder') continue
      const list = world.list(path)
      if (list.kind === 'hidden') this.#hidden++
      if (list.kind === 'seen') for (const name of list.value) waiting.push(join(path, name))
    }
  }

  told(): readonly Told[] {
    const { people, site } = this.#subject
    const told = [...new Set(this.#places.values())].map((who) =>
      fail(
        `the gate’s own program can be changed by ${who}: ${names(this.#placesOf(who))}`,
        `\`sudo chown -R root: ${word(site.program)} && sudo chmod -R go-w ${word(site.program)}\`, then install it again`,
      ),
    )
    if (!this.#isWhole || this.#hidden > 0) {
      const what = this.#isWhole
        ? `${this.#hidden} of its folders are closed`
        : `it has over ${FILES_MAX} files`
      told.push(
        warn(
          `not all of the program in \`${site.program}\` was looked at: ${what}`,
          `\`find ${word(site.program)} -perm /022 -not -type l\` should list nothing`,
        ),
      )
    }
    return told.length > 0
      ? told
      : [ok(`the program in \`${site.program}\` can be changed only by ${people.trusted}`)]
  }

  #placesOf(who: string): readonly string[] {
    return [...this.#places].flatMap(([path, by]) => (by === who ? [path] : [])).sort()
  }
}
