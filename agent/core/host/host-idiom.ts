import type { HostProfile } from './host-profile.ts'
import { hostSentence } from './host-sentence.ts'

/**
 * What the gate says to a host, in the words that this host acts on and shows. What each line does was measured on
 * OctoPrint 1.9.3 and Printrun 2.0.0rc8, and read in the sources of the others. The acknowledgement of the host's line
 * is not said here: it comes behind, whatever is said.
 *
 * No host is trusted to obey: after a refusal the gate lets nothing of the job pass, whatever the host goes on to send.
 */
export interface HostIdiom {
  /** The job is refused: the host's job stops, and a person reads why. */
  refuseJob(sentence: string): readonly string[]
  /** One line outside a job is refused: a person reads why, and nothing stops or disconnects. */
  refuseLine(sentence: string): readonly string[]
  /** News that asks for nothing. */
  tell(sentence: string): readonly string[]
  /** The job has to wait for a person: the host stops sending, and can go on. */
  pauseJob(sentence: string): readonly string[]
}

/** The words for each occasion, where `%` stands for the sentence. */
interface Words {
  readonly refuseJob: readonly string[]
  readonly refuseLine: readonly string[]
  readonly tell: readonly string[]
  readonly pauseJob: readonly string[]
}

/** Shown by every host's terminal or log, and acted on by none. */
const TEXT = 'echo:%'
/** Shown beside OctoPrint's job, where a person looks. A space behind the slashes: Printrun needs it in all of these. */
const NOTIFICATION = '// action:notification %'
const CANCEL = '// action:cancel'
const PAUSE = '// action:pause'

/**
 * Cancels or pauses every host that knows actions, and is passed over by the others. Never `Error:` or `!!`: OctoPrint
 * sends M112 and disconnects at these. The pause is for hosts that know no cancel; after one it does nothing.
 */
const GENERIC: Words = {
  refuseJob: [TEXT, NOTIFICATION, CANCEL, PAUSE],
  refuseLine: [TEXT],
  tell: [TEXT],
  pauseJob: [TEXT, NOTIFICATION, PAUSE],
}

/** As for any host. Only here a notification is known to be shown, and to stop nothing. */
const OCTOPRINT: Words = {
  ...GENERIC,
  refuseLine: [TEXT, NOTIFICATION],
  tell: [TEXT, NOTIFICATION],
}

/**
 * Printrun shows the text, without its `echo:`. It shows a notification as a command that it does not know, so it gets
 * none. 2.0.0rc8 knows only `pause`, `resume` and `disconnect` (pronsole.py `recvcb_actions`) and logs the cancel;
 * later ones know that too.
 */
const PRINTRUN: Words = {
  refuseJob: [TEXT, CANCEL, PAUSE],
  refuseLine: [TEXT],
  tell: [TEXT],
  pauseJob: [TEXT, PAUSE],
}

/**
 * Cura cancels a print at `!!` and at nothing else, and shows no text: the reason is read at the gate. It has no pause
 * that a printer could ask for.
 */
const CURA: Words = {
  refuseJob: ['!! %'],
  refuseLine: [TEXT],
  tell: [TEXT],
  pauseJob: [TEXT],
}

/** Repetier-Host knows no actions. `RequestPause:` pauses its job, where a person can kill it. */
const REPETIER: Words = {
  refuseJob: ['RequestPause:%', TEXT],
  refuseLine: [TEXT],
  tell: [TEXT],
  pauseJob: ['RequestPause:%', TEXT],
}

/** PrusaLink knows `cancel` and `pause`, and no notification. */
const PRUSALINK: Words = PRINTRUN

/** cncjs knows no actions. It pauses a running job at an `Error:`, and shows it. */
const CNCJS: Words = {
  refuseJob: ['Error:%'],
  refuseLine: [TEXT],
  tell: [TEXT],
  pauseJob: ['Error:%'],
}

/** OctoPrint and Printrun find words at the start of a line, or whole: theirs may stand as they are spelled. */
const IDIOMS: Readonly<Record<HostProfile, HostIdiom>> = {
  octoprint: spoken(OCTOPRINT, true),
  printrun: spoken(PRINTRUN, true),
  cura: spoken(CURA),
  repetier: spoken(REPETIER),
  prusalink: spoken(PRUSALINK),
  cncjs: spoken(CNCJS),
  generic: spoken(GENERIC),
}

/** How to speak to this host. The lines come without their ends; sentences may hold anything, see `hostSentence`. */
export function idiomOf(profile: HostProfile): HostIdiom {
  return IDIOMS[profile]
}

function spoken(words: Words, readsWords = false): HostIdiom {
  const say = (lines: readonly string[], sentence: string) => fill(lines, hostSentence(sentence, readsWords))
  return {
    refuseJob: (sentence) => say(words.refuseJob, sentence),
    refuseLine: (sentence) => say(words.refuseLine, sentence),
    tell: (sentence) => say(words.tell, sentence),
    pauseJob: (sentence) => say(words.pauseJob, sentence),
  }
}

function fill(lines: readonly string[], words: string): readonly string[] {
  return lines.map((line) => line.replace('%', () => words))
}
