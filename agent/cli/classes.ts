import { once } from 'node:events'
import { createInterface } from 'node:readline/promises'
import {
  type ClassEntry,
  crosswalkOf,
  DICTIONARY_VERSION,
  decideTier,
  findClass,
  REGIMES,
  searchClasses,
  type TierDecision,
  type TierQuestion,
} from '../trust/index.ts'
import { badUsage } from './end.ts'
import { bold, columns, dim, say, sayJson } from './output.ts'

/** `portcullis licence classes`: the dictionary of classes, and the questions that decide a tier. */

const NO_ADVICE = 'an aid for whoever classifies, and no legal advice: only the lists themselves decide'

interface ClassesOptions {
  readonly regime?: string
  readonly search?: string
  readonly decide?: true
  readonly answer?: readonly string[]
  readonly json?: true
}

export async function classes(code: string | undefined, options: ClassesOptions): Promise<void> {
  if (options.decide) {
    if (code !== undefined)
      throw badUsage('`--decide` asks about a part, not about a class; leave the class out')
    return await decide(options)
  }
  if (options.answer !== undefined) throw badUsage('`--answer` belongs to `--decide`')
  if (code !== undefined) return tellClass(code, options)
  const { regime, search = '' } = options
  if (regime !== undefined && !REGIMES.some(({ id }) => id === regime)) {
    throw badUsage(`there is no regime \`${regime}\`; there are ${REGIMES.map(({ id }) => id).join(', ')}`)
  }
  const found = searchClasses(search, regime)
  if (options.json) return sayJson({ version: DICTIONARY_VERSION, regimes: REGIMES, classes: found })
  if (found.length === 0) say('no class says that; leave `--search` out to see all')
  for (const { id, title } of REGIMES)
    tellRegime(
      title,
      found.filter((entry) => entry.code.startsWith(`${id}:`)),
    )
  say(dim(NO_ADVICE))
}

function tellRegime(title: string, entries: readonly ClassEntry[]): void {
  if (entries.length === 0) return
  say(bold(title), ...columns(entries.map((entry) => [entry.code, `${entry.tier}: ${entry.title}`])), '')
}

function tellClass(code: string, options: ClassesOptions): void {
  const entry = findClass(code)
  if (entry === undefined) {
    throw badUsage(`no dictionary of this version knows the class \`${code}\`; \`--search\` looks for words`)
  }
  const others = crosswalkOf(code)
  if (options.json) {
    const crosswalk = others.map(({ to, note, source }) => ({ to, note, source }))
    sayJson({ version: DICTIONARY_VERSION, asked: code, ...entry, crosswalk })
    return
  }
  say(
    `${bold(entry.code)}  ${entry.title}`,
    ...columns([
      ...(entry.code === code ? [] : [['asked', `${code}, which lies under it`] as const]),
      ['tier', `${entry.tier} or tighter`],
      ...(entry.note === '' ? [] : [['note', entry.note] as const]),
      ['source', entry.source],
      ...others.map(({ to, note }) => ['much like', `${to} (${note})`] as const),
    ]),
    dim(`  ${NO_ADVICE}`),
  )
}

async function decide(options: ClassesOptions): Promise<void> {
  const answers: Record<string, string> = Object.create(null) as Record<string, string>
  for (const text of options.answer ?? []) {
    const at = text.indexOf('=')
    if (at < 1)
      throw badUsage(`\`--answer\` wants a question and a value, such as \`weapon=no\`, not \`${text}\``)
    answers[text.slice(0, at)] = text.slice(at + 1)
  }
  let decision = decideTier(answers)
  while (decision.kind === 'asking' && process.stdin.isTTY === true && options.json === undefined) {
    const { question } = decision
    answers[question.id] = await ask(question)
    decision = decideTier(answers)
  }
  tellDecision(decision, options)
}

/** Asks until the answer is one of those that the question has. */
async function ask(question: TierQuestion): Promise<string> {
  const asker = createInterface({ input: process.stdin, output: process.stdout })
  // What ends the input ends the questions too.
  const ended = once(asker, 'close').then((): never => {
    throw badUsage(`the question \`${question.id}\` was not answered`)
  })
  ended.catch(() => undefined)
  try {
    say(question.ask, ...columns(question.answers.map(({ value, words }) => [value, words])))
    for (;;) {
      const answer = (await Promise.race([asker.question('> '), ended])).trim().toLowerCase()
      const fits = question.answers.filter(({ value }) => answer !== '' && value.startsWith(answer))
      if (fits.length === 1 && fits[0] !== undefined) return fits[0].value
      say(`say one of ${question.answers.map(({ value }) => value).join(', ')}`)
    }
  } finally {
    asker.close()
  }
}

function tellDecision(decision: TierDecision, options: ClassesOptions): void {
  if (decision.kind === 'wrong') {
    throw badUsage(`the question \`${decision.question}\` has no answer \`${decision.answer}\``)
  }
  if (options.json) {
    sayJson(decision)
    return
  }
  if (decision.kind === 'asking') {
    const { id, ask: words, answers } = decision.question
    throw badUsage(
      `the next question is \`${id}\`: ${words} Answer it with \`--answer ${id}=VALUE\`: ${answers.map(({ value }) => value).join(', ')}`,
    )
  }
  const { outcome, path } = decision
  say(
    `${bold(outcome.tier)}  ${outcome.why}`,
    ...columns(path.map(({ question, answer }) => [question, answer])),
    dim(`  ${NO_ADVICE}`),
  )
}
