/**
 * How hosts read a line of the printer, each by its own source: what they would take it for, other than text to show.
 * Written from those sources and not from ours.
 */

/** What some host takes the line for, as `host: meaning`. Empty where no host does more than show or log it. */
export function meaningsOf(line: string): readonly string[] {
  return [
    ...octoPrint(line),
    ...printrun(line),
    ...cura2016(line),
    ...repetierHost(line),
    ...prusaLink(line),
    ...cncjs(line),
  ]
}

function found(pairs: readonly (readonly [string, boolean])[]): string[] {
  return pairs.filter(([, is]) => is).map(([meaning]) => meaning)
}

/** comm.py `_monitor`, `_handle_errors`, `parse_temperature_line`. */
function octoPrint(line: string): string[] {
  const text = line.trim()
  const lower = text.toLowerCase()
  return found([
    ['octoprint: acknowledgement', text.startsWith('ok')],
    ['octoprint: wait', text === 'wait'],
    ['octoprint: boot', text === 'start'],
    ['octoprint: resend', lower.startsWith('resend') || lower.startsWith('rs')],
    ['octoprint: error', lower.startsWith('error:') || text.startsWith('!!') || text.startsWith('fatal:')],
    ['octoprint: busy', text.startsWith('echo:busy:') || text.startsWith('busy:')],
    ['octoprint: temperature', /(^|\s)(T\d*|B|C):\s*[-+]?\d/.test(text)],
    ['octoprint: position', /(^|\s)X:\s*[-+]?\d.*Y:.*Z:/.test(text)],
    ['octoprint: capability', text.startsWith('Cap:')],
    ['octoprint: firmware', text.includes('FIRMWARE_NAME:') || text.includes('NAME:')],
    ['octoprint: target', /TargetExtr\d+:\d|TargetBed:\d/.test(text)],
    ['octoprint: action', text.startsWith('//') && text.slice(2).trim().startsWith('action:')],
    [
      'octoprint: card',
      /Begin file list|End file list|SD init fail|volume\.init|openRoot failed|SD card ok|Not SD printing/i.test(
        text,
      ) ||
        /SD printing byte|File opened|File selected|File deleted|Writing to file|Done (printing|saving) file/i.test(
          text,
        ),
    ],
  ])
}

/** printcore.py `_listen`; pronsole.py `recvcb_actions` and `recvcb_report`. */
function printrun(line: string): string[] {
  const parts = line.split(' ').slice(1).join(' ').split(':')
  const isAction = line.startsWith('//') && parts.length === 2 && parts[0] === 'action'
  return found([
    ['printrun: acknowledgement', /^(start|Grbl |ok)/.test(line)],
    ['printrun: resend', line.toLowerCase().startsWith('resend') || line.startsWith('rs')],
    ['printrun: error', line.startsWith('Error')],
    ['printrun: temperature', line.includes('ok T:') || /(^T:| T:)/.test(line)],
    ['printrun: position', line.includes('ok C:') || line.includes(' Count ') || line.includes('X:')],
    ['printrun: pause', line.startsWith('!!') || (isAction && parts[1] === 'pause')],
    ['printrun: action', isAction && /^(resume|disconnect)$/.test(parts[1] ?? '')],
    ['printrun: hidden', line.startsWith('DEBUG_') || line.startsWith('wait')],
  ])
}

/** USBPrinterOutputDevice.py of 2016 `_listen`, while it prints; and the `!!` of later ones. */
function cura2016(line: string): string[] {
  return found([
    ['cura: acknowledgement', line.includes('ok')],
    ['cura: resend', line.toLowerCase().includes('resend') || line.includes('rs')],
    ['cura: temperature', line.includes(' T:') || line.startsWith('T:') || /B: *[\d.]/.test(line)],
    ['cura: endstop', line.includes('_min') || line.includes('_max')],
    ['cura: cancel', line.startsWith('!!')],
  ])
}

/** PrinterConnection.cs `analyzeResponse`; `extract` finds a key at the start or behind a space. */
function repetierHost(line: string): string[] {
  const has = (key: string): boolean => ` ${line}`.includes(` ${key}`)
  const keys =
    'FIRMWARE_NAME: FIRMWARE_URL: PROTOCOL_VERSION: MACHINE_TYPE: EXTRUDER_COUNT: X: Y: Z: E: SpeedMultiply: FlowMultiply: TargetExtr0: TargetExtr1: TargetBed: Fanspeed: T0: T: B: REPETIER_PROTOCOL: Error: Resend:'
  return found([
    ...keys.split(' ').map((key) => [`repetier: ${key}`, has(key)] as const),
    ['repetier: pause', line.includes('RequestPause:')],
    ['repetier: boot', line.includes('start')],
    ['repetier: acknowledgement', line.trim().startsWith('ok')],
    ['repetier: wait', line.trim() === 'wait'],
  ])
}

/** regular_expressions.py, matched at the start of a line. */
function prusaLink(line: string): string[] {
  return found([
    ['prusalink: acknowledgement', /^(ok.*)|^(Done saving file\.)$/.test(line)],
    ['prusalink: resend', /^Resend: ?\d+$/.test(line)],
    ['prusalink: boot', line === 'start'],
    ['prusalink: card', /^echo:SD card ok|^echo:SD init fail|^Error:volume\.init failed/.test(line)],
    ['prusalink: print', /^echo:enqueing "M2[34]/.test(line)],
    ['prusalink: rejection', /^echo:Unknown command: "|^echo: cold extrusion prevented$/.test(line)],
    ['prusalink: busy', /^echo:busy: (processing|paused for user)$/.test(line)],
    [
      'prusalink: action',
      /^\/\/ ?action:(pause|paused|resume|resumed|cancel|ready|not_ready|start)$/.test(line),
    ],
    ['prusalink: error', /^Error:Printer (halted|stopped)/.test(line)],
  ])
}

/** MarlinLineParserResult*.js. */
function cncjs(line: string): string[] {
  return found([
    ['cncjs: acknowledgement', /^ok($| )/.test(line)],
    ['cncjs: error', /^Error:\s*(.+)$/i.test(line)],
    ['cncjs: boot', line === 'start'],
    ['cncjs: position', /^(?:(?:X|Y|Z|E):[0-9.-]+\s*)+/i.test(line)],
    ['cncjs: temperature', /^(ok)?\s+T:[0-9.-]+/i.test(line)],
    ['cncjs: firmware', /^FIRMWARE_NAME:/i.test(line)],
  ])
}
