import { beforeEach, describe, expect, test } from 'vitest'
import { HISTORY_LINES } from '../../../agent/core/printer/line-history.ts'
import {
  PROBE_AFTER_MS,
  PrinterLink,
  RESEND_BACK_MAX,
  RESENDS_MAX,
  SILENT_AFTER_MS,
  STALLED_AFTER_MS,
} from '../../../agent/core/printer/printer-link.ts'
import { numbered } from '../numbered.ts'

const TEMPERATURES = 'ok T:19.37 /0.00 B:19.37 /0.00 @:0 B@:0'
const G = 0x47
const M = 0x4d

let sent: string[] = []
let link: PrinterLink

const taken = (): string[] => sent.splice(0)

function send(text: string, nowMs = 0): void {
  const bytes = Buffer.from(text, 'latin1')
  link.send(bytes, 0, bytes.length, nowMs)
}

/** An answer heard at a time, as the session passes it on. */
function hear(reply: string, nowMs = 0): void {
  link.heard(true, nowMs)
  if (reply.startsWith('ok')) link.acknowledge(reply)
  else if (reply.startsWith('Resend')) link.requestResend(reply)
  else if (reply.startsWith('Error')) link.refused()
}

/** Sends and acknowledges until the next line has this number. */
function sendUpTo(number: number): void {
  for (let n = 1; n < number; n++) {
    send(`G1 X${n}`)
    hear('ok')
  }
  taken()
}

beforeEach(() => {
  sent = []
  link = new PrinterLink({
    write: (bytes, start, end) => sent.push(Buffer.from(bytes.subarray(start, end)).toString('latin1')),
  })
  link.restart(0, 0)
})

describe('sending', () => {
  test('numbers each line from 1 and ends it with its checksum', () => {
    send('G28')
    hear('ok')
    send('M104 S200')
    expect(taken()).toEqual(['N1 G28*18\n', numbered(2, 'M104 S200')])
  })

  test('is open for one line at a time', () => {
    expect(link.isOpenFor(G)).toBe(true)
    send('G28')
    expect(link.isOpenFor(G)).toBe(false)
    hear('ok')
    expect(link.isOpenFor(G)).toBe(true)
  })

  test('an ok that nobody waits for opens nothing', () => {
    hear('ok')
    hear('ok')
    send('G28')
    expect(link.inFlight).toBe(1)
    expect(link.isOpenFor(G)).toBe(false)
  })

  test('starts over behind the number it is told', () => {
    sendUpTo(5)
    link.restart(-1, 0)
    send('M110 N0')
    expect(taken()).toEqual(['N0 M110 N0*125\n'])
  })
})

describe('an advanced ok', () => {
  test('opens a window that leaves a slot of the printer free', () => {
    send('G1 X1')
    hear('ok N1 P15 B3')
    send('G1 X2')
    expect(link.isOpenFor(G)).toBe(true)
    send('G1 X3')
    expect(link.isOpenFor(G)).toBe(false)
  })

  test('never opens it wider because lines are still on the wire', () => {
    for (let n = 1; n < 50; n++) {
      while (link.isOpenFor(G)) send('G1 X1')
      hear(`ok N${n} P15 B3`)
      expect(link.inFlight).toBeLessThanOrEqual(2)
    }
  })

  test('narrows the window when the printer is full', () => {
    send('G1 X1')
    hear('ok N1 P15 B3')
    send('G1 X2')
    send('G1 X3')
    hear('ok N2 P0 B0')
    expect(link.isOpenFor(G)).toBe(false)
    hear('ok N3 P0 B0')
    expect(link.isOpenFor(G)).toBe(true)
  })

  test('that promises the world gets no more than the limit', () => {
    send('G1 X0')
    hear('ok N1 P999 B99999999999999999999')
    let lines = 0
    while (link.isOpenFor(G)) {
      send('G1 X1')
      lines++
    }
    expect(lines).toBe(8)
  })

  test('acknowledges every line up to its own', () => {
    send('G1 X1')
    hear('ok N1 P15 B3')
    send('G1 X2')
    send('G1 X3')
    hear('ok N3 P15 B3')
    expect(link.inFlight).toBe(0)
  })

  test('for a line that is not in flight acknowledges none', () => {
    send('G1 X1')
    hear('ok N1 P15 B3')
    send('G1 X2')
    hear('ok N1 P15 B3')
    expect(link.inFlight).toBe(1)
    hear('ok N9 P15 B3')
    expect(link.inFlight).toBe(1)
  })

  test('lets nothing but moves travel together: a wait for heat goes alone', () => {
    send('G1 X1')
    hear('ok N1 P15 B3')
    send('G1 X2')
    expect(link.isOpenFor(M)).toBe(false)
    hear('ok N2 P15 B3')
    expect(link.isOpenFor(M)).toBe(true)
    send('M109 S200')
    expect(link.isOpenFor(G)).toBe(false)
    expect(link.isOpenFor(M)).toBe(false)
  })
})

describe('a request to send again', () => {
  test('is answered after its ok, with the very bytes of before', () => {
    sendUpTo(5)
    send('G1 X5')
    taken()
    hear('Error:checksum mismatch, Last Line: 4')
    hear('Resend: 5')
    expect(taken()).toEqual([])
    expect(link.isOpenFor(G)).toBe(false)
    hear('ok')
    expect(taken()).toEqual([numbered(5, 'G1 X5')])
    expect(link.inFlight).toBe(1)
    hear('ok')
    expect(link.inFlight).toBe(0)
  })

  test('brings every line from there on, in order', () => {
    send('G1 X0')
    hear('ok N1 P15 B3')
    send('G1 X2')
    send('G1 X3')
    taken()
    hear('Resend: 2')
    hear('ok')
    expect(taken()).toEqual([numbered(2, 'G1 X2'), numbered(3, 'G1 X3')])
    expect(link.inFlight).toBe(2)
  })

  test('for the next number says that everything arrived, not that it has run', () => {
    sendUpTo(5)
    send('G1 X5')
    taken()
    hear('Resend: 6')
    hear('ok')
    expect(taken()).toEqual([])
    expect(link.inFlight).toBe(1)
    hear('ok')
    expect(link.isOpenFor(G)).toBe(true)
  })

  test('takes back an ok too many', () => {
    sendUpTo(5)
    send('G1 X5')
    hear('ok')
    send('G1 X6')
    taken()
    hear('Resend: 5')
    hear('ok')
    expect(taken()).toEqual([numbered(5, 'G1 X5'), numbered(6, 'G1 X6')])
    expect(link.inFlight).toBe(2)
  })

  test('that got lost behind its error lets its ok acknowledge nothing', () => {
    sendUpTo(5)
    send('G1 X5')
    taken()
    hear('Error:checksum mismatch, Last Line: 4')
    hear('ok')
    expect(link.inFlight).toBe(1)
    expect(taken()).toEqual([])
    link.tick(PROBE_AFTER_MS)
    expect(taken()).toEqual([numbered(6, 'M105')])
  })

  test('without an ok is answered after a silence', () => {
    sendUpTo(5)
    send('G1 X5')
    taken()
    hear('Resend: 5')
    link.tick(PROBE_AFTER_MS - 1)
    expect(taken()).toEqual([])
    link.tick(PROBE_AFTER_MS)
    expect(taken()).toEqual([numbered(5, 'G1 X5')])
  })

  test('for the next number, with its ok lost, does not close the link for ever', () => {
    sendUpTo(5)
    hear('Resend: 5')
    expect(link.isOpenFor(G)).toBe(false)
    link.tick(PROBE_AFTER_MS)
    expect(link.isOpenFor(G)).toBe(true)
  })

  test('may be made ten times for one line, and not more', () => {
    sendUpTo(5)
    send('G1 X5')
    for (let i = 0; i < RESENDS_MAX; i++) {
      hear('Resend: 5')
      hear('ok')
    }
    expect(taken()).toEqual(Array(1 + RESENDS_MAX).fill(numbered(5, 'G1 X5')))
    expect(link.fault).toBe('none')
    hear('Resend: 5')
    expect(link.fault).toBe('too-many-resends')
    expect(link.isOpenFor(G)).toBe(false)
  })

  test.each(['Resend: 1', 'Resend: 99', 'Resend:', 'Resend: 99999999999999999999999'])(
    '%j, far from what is in flight, is noise once and a fault twice',
    (reply) => {
      sendUpTo(HISTORY_LINES)
      send('G1 X9')
      taken()
      hear(reply)
      hear('ok')
      expect(link.fault).toBe('none')
      expect(link.inFlight).toBe(1)
      expect(taken()).toEqual([])
      hear(reply)
      expect(link.fault).toBe('line-forgotten')
    },
  )

  test('of a printer that was reset never starts the job anew', () => {
    sendUpTo(20)
    send('G1 X20')
    taken()
    for (let i = 0; i < 2; i++) {
      hear('Error:Line Number is not Last Line Number+1, Last Line: 0')
      hear('Resend: 1')
      hear('ok')
    }
    expect(taken()).toEqual([])
    expect(link.fault).toBe('line-forgotten')
  })

  test('may reach back a few lines, for oks that the wire made up', () => {
    sendUpTo(20)
    hear(`Resend: ${20 - RESEND_BACK_MAX}`)
    hear('ok')
    expect(taken()).toHaveLength(RESEND_BACK_MAX)
    hear('ok')
    hear(`Resend: ${20 - 2 * RESEND_BACK_MAX - 1}`)
    hear('ok')
    expect(taken()).toEqual([])
  })
})

describe('a bare line', () => {
  const bare = (text: string): boolean => link.sendBare(Buffer.from(text), 0, text.length)

  test('goes out at once, without number and past what is in flight, and uses no number', () => {
    send('M109 S200')
    taken()
    expect(bare('M108')).toBe(true)
    expect(taken()).toEqual(['M108\n'])
    expect(link.inFlight).toBe(1)
    expect(link.next).toBe(2)
  })

  test('is answered behind the lines before it, and its ok counts for no line behind it', () => {
    send('M109 S200')
    bare('M108')
    hear('ok')
    expect(link.inFlight).toBe(0)
    send('G28')
    hear('ok')
    expect(link.inFlight).toBe(1)
    hear('ok')
    expect(link.inFlight).toBe(0)
  })

  test('sent while nothing is on its way has its own ok as well', () => {
    bare('M108')
    send('G28')
    hear('ok')
    expect(link.inFlight).toBe(1)
    hear('ok')
    expect(link.inFlight).toBe(0)
  })

  test('among several, each has its place in the order', () => {
    bare('M108')
    send('G28')
    bare('M108')
    bare('M876 S0')
    const left: number[] = []
    for (let i = 0; i < 4; i++) {
      hear('ok')
      left.push(link.inFlight)
    }
    expect(left).toEqual([1, 0, 0, 0])
    send('G1 X1')
    hear('ok')
    expect(link.inFlight).toBe(0)
  })

  test('does not take the advanced ok of a numbered line, nor an answer with temperatures', () => {
    bare('M108')
    send('G1 X1')
    hear('ok N1 P15 B3')
    expect(link.inFlight).toBe(0)
    send('M105')
    hear(TEMPERATURES)
    expect(link.inFlight).toBe(0)
  })

  test('whose ok never comes costs one question, and nothing is taken for run that did not', () => {
    send('G28', 0)
    bare('M108')
    hear('ok', 1)
    send('G1 X1', 2)
    taken()
    hear('ok', 3)
    expect(link.inFlight).toBe(1)
    link.tick(3 + PROBE_AFTER_MS)
    expect(taken()).toEqual([numbered(3, 'M105')])
    hear(TEMPERATURES, 4 + PROBE_AFTER_MS)
    expect(link.inFlight).toBe(0)
    send('G1 X2')
    hear('ok')
    expect(link.inFlight).toBe(0)
  })

  test('of which too many are on their way is not sent', () => {
    for (let i = 0; i < 4; i++) expect(bare('M108')).toBe(true)
    expect(bare('M108')).toBe(false)
    expect(taken()).toHaveLength(4)
    hear('ok')
    expect(bare('M108')).toBe(true)
  })

  test('of before is forgotten when the numbers start over', () => {
    bare('M108')
    link.restart(0, 0)
    send('G28')
    hear('ok')
    expect(link.inFlight).toBe(0)
  })
})

describe('silence', () => {
  test('is met with a numbered question, whose answer acknowledges everything before it', () => {
    send('G28', 0)
    taken()
    link.tick(PROBE_AFTER_MS - 1)
    expect(taken()).toEqual([])
    link.tick(PROBE_AFTER_MS)
    expect(taken()).toEqual([numbered(2, 'M105')])
    hear(TEMPERATURES, PROBE_AFTER_MS)
    expect(link.inFlight).toBe(0)
    expect(link.isOpenFor(G)).toBe(true)
  })

  test('after a lost line ends in a request for it, and line and question go out again', () => {
    send('G28', 0)
    link.tick(PROBE_AFTER_MS)
    taken()
    hear('Error:Line Number is not Last Line Number+1, Last Line: 0', PROBE_AFTER_MS)
    hear('Resend: 1', PROBE_AFTER_MS)
    hear('ok', PROBE_AFTER_MS)
    expect(taken()).toEqual([numbered(1, 'G28'), numbered(2, 'M105')])
    hear('ok', PROBE_AFTER_MS)
    expect(link.inFlight).toBe(1)
    hear(TEMPERATURES, PROBE_AFTER_MS)
    expect(link.inFlight).toBe(0)
  })

  test('of a printer that only took its time: both answers count once each', () => {
    send('G28', 0)
    link.tick(PROBE_AFTER_MS)
    hear('ok', 20_000)
    expect(link.inFlight).toBe(1)
    hear(TEMPERATURES, 20_000)
    expect(link.inFlight).toBe(0)
  })

  test('is none while the printer says that it is busy', () => {
    send('G28', 0)
    taken()
    for (let nowMs = 0; nowMs < 10 * SILENT_AFTER_MS; nowMs += 2000) {
      hear('echo:busy: processing', nowMs)
      link.tick(nowMs + 1999)
    }
    expect(taken()).toEqual([])
    expect(link.fault).toBe('none')
  })

  test('is not hidden by reports that the printer makes by itself', () => {
    send('G1 X1', 0)
    taken()
    link.heard(false, PROBE_AFTER_MS - 1)
    link.tick(PROBE_AFTER_MS)
    expect(taken()).toEqual([numbered(2, 'M105')])
  })

  test('is asked into twice, and not until the buffer of the printer overflows', () => {
    send('G28', 0)
    taken()
    for (let nowMs = 0; nowMs < SILENT_AFTER_MS; nowMs += 100) link.tick(nowMs)
    expect(taken()).toEqual([numbered(2, 'M105'), numbered(3, 'M105')])
    expect(link.fault).toBe('none')
  })

  test('ends the link after its limit', () => {
    send('G28', 1000)
    link.tick(1000 + SILENT_AFTER_MS - 1)
    expect(link.fault).toBe('none')
    link.tick(1000 + SILENT_AFTER_MS)
    expect(link.fault).toBe('silent')
  })

  test('ends it too where the printer talks for half an hour and answers nothing', () => {
    send('M190 S60', 0)
    for (let nowMs = 0; nowMs < STALLED_AFTER_MS; nowMs += 1000) {
      link.heard(false, nowMs)
      link.tick(nowMs)
    }
    expect(link.fault).toBe('none')
    link.tick(STALLED_AFTER_MS)
    expect(link.fault).toBe('silent')
  })

  test('matters only while something is in flight', () => {
    link.tick(10 * SILENT_AFTER_MS)
    expect(link.fault).toBe('none')
    expect(taken()).toEqual([])
    send('G28', 10 * SILENT_AFTER_MS)
    link.tick(10 * SILENT_AFTER_MS + 1)
    expect(link.fault).toBe('none')
  })

  test('does not mistake a late answer of the job for that to the question once the question is answered', () => {
    send('M105', 0)
    hear(TEMPERATURES, 1)
    send('G1 X1', 2)
    hear(TEMPERATURES, 3)
    expect(link.inFlight).toBe(0)
  })
})
