import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type HostIdiom, idiomOf } from '../../../agent/core/host/host-idiom.ts'
import { HOST_PROFILES, type HostProfile } from '../../../agent/core/host/host-profile.ts'
import { meaningsOf } from './how-hosts-read.ts'
import { triggerText } from './trigger-texts.ts'

const REASON = 'nozzle target 300 °C is above the limit of 260 °C'
const SAID = 'nozzle target 300 C is above the limit of 260 C'

/** What a host with these meanings does, of those that this host knows. */
function actsOf(profile: string, lines: readonly string[]): string[] {
  return lines.flatMap(meaningsOf).filter((meaning) => meaning.startsWith(`${profile}:`))
}

describe('a refused job', () => {
  test.each([
    ['octoprint', [`echo:${SAID}`, `// action:notification ${SAID}`, '// action:cancel', '// action:pause']],
    ['generic', [`echo:${SAID}`, `// action:notification ${SAID}`, '// action:cancel', '// action:pause']],
    ['printrun', [`echo:${SAID}`, '// action:cancel', '// action:pause']],
    ['prusalink', [`echo:${SAID}`, '// action:cancel', '// action:pause']],
    ['cura', [`!! ${SAID}`]],
    ['repetier', [`RequestPause:${SAID}`, `echo:${SAID}`]],
    ['cncjs', [`Error:${SAID}`]],
  ] satisfies [HostProfile, string[]][])('is told to %s in its own words', (profile, lines) => {
    expect(idiomOf(profile).refuseJob(REASON)).toEqual(lines)
  })

  test.each([
    ['octoprint', 'octoprint: action'],
    ['printrun', 'printrun: pause'],
    ['cura', 'cura: cancel'],
    ['repetier', 'repetier: pause'],
    ['prusalink', 'prusalink: action'],
    ['cncjs', 'cncjs: error'],
  ] satisfies [HostProfile, string][])('stops at %s by what it reads', (profile, act) => {
    expect(actsOf(profile, idiomOf(profile).refuseJob(REASON))).toContain(act)
  })

  test.each(['octoprint', 'printrun', 'prusalink'])('stops at %s when it is not known yet', (host) => {
    expect(actsOf(host, idiomOf('generic').refuseJob(REASON))).not.toEqual([])
  })
})

describe('what is said', () => {
  test.each(['octoprint', 'printrun'] as const)(
    'to %s leaves words whole that hold the letters of a reply',
    (profile) => {
      expect(idiomOf(profile).tell('first home it, then start the print; the token is 2 hours old')[0]).toBe(
        'echo:first home it, then start the print; the token is 2 hours old',
      )
    },
  )

  const occasions = ['refuseJob', 'refuseLine', 'tell', 'pauseJob'] as const satisfies (keyof HostIdiom)[]

  test.each(HOST_PROFILES)('to %s is never an acknowledgement, a request, a boot or a number', (profile) => {
    fc.assert(
      fc.property(triggerText, fc.constantFrom(...occasions), (text, occasion) => {
        for (const line of idiomOf(profile)[occasion](text)) {
          expect(line).toMatch(/^[\x20-\x7e]{1,124}$/)
          // What is known to be one of these is not Cura, which looks into the middle of words.
          const isKnown = profile === 'octoprint' || profile === 'printrun'
          const meanings = meaningsOf(line).filter(
            (meaning) =>
              !/(action|pause|cancel|error)$/i.test(meaning) &&
              (!isKnown || meaning.startsWith(`${profile}:`)),
          )
          expect(meanings.filter((meaning) => meaning !== 'repetier: Error:')).toEqual([])
        }
      }),
    )
  })

  test.each(['octoprint', 'generic', 'printrun', 'prusalink'] as const)(
    'to %s is never an error, at which OctoPrint stops the printer',
    (profile) => {
      fc.assert(
        fc.property(triggerText, fc.constantFrom(...occasions), (text, occasion) => {
          for (const line of idiomOf(profile)[occasion](text))
            expect(line).not.toMatch(/^(error:|!!|fatal:)/i)
        }),
      )
    },
  )

  test.each(HOST_PROFILES)('to %s about one line, or as news, stops nothing', (profile) => {
    const idiom = idiomOf(profile)
    for (const line of [...idiom.refuseLine(REASON), ...idiom.tell(REASON)]) {
      expect(line).toContain(SAID)
      expect(line).toMatch(/^(echo:|\/\/ action:notification )/)
      // OctoPrint reads a notification as an action, and does nothing but show it.
      expect(meaningsOf(line).filter((meaning) => meaning !== 'octoprint: action')).toEqual([])
    }
  })

  test.each([
    ['octoprint', [`echo:${SAID}`, `// action:notification ${SAID}`, '// action:pause']],
    ['printrun', [`echo:${SAID}`, '// action:pause']],
    ['repetier', [`RequestPause:${SAID}`, `echo:${SAID}`]],
    ['cncjs', [`Error:${SAID}`]],
    // Cura could only be made to cancel.
    ['cura', [`echo:${SAID}`]],
  ] satisfies [HostProfile, string[]][])('to pause %s does not end its job', (profile, lines) => {
    expect(idiomOf(profile).pauseJob(REASON)).toEqual(lines)
  })

  test('takes a sentence for what it is, whatever a replacement would make of it', () => {
    expect(idiomOf('generic').tell("100 % of $$ and $' and $1")).toEqual(["echo:100 % of $$ and $' and $1"])
  })
})
