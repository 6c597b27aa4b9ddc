/**
 * The answer to M115, as far as it says which printer this is:
 *
 *     FIRMWARE_NAME:Marlin 2.1.2 (Dec 17 2022 12:00:00) SOURCE_CODE_URL:... EXTRUDER_COUNT:1 UUID:cede2a2f-...
 *     Cap:EEPROM:1
 *
 * Klipper says it behind its `ok`, RepRapFirmware with a space behind each colon. What a printer can do it says as well;
 * that does not tell it from another.
 */

/** What a printer says of itself. Whoever builds one can have it say anything. */
export interface FirmwareIdentity {
  /** In small letters; null where it has none of its own. */
  readonly uuid: string | null
  /** Name and version. */
  readonly firmware: string | null
}

/** Longest line of an answer that is read: three times the longest that any firmware gives. */
const LINE_CHARS_MAX = 1024
/** Longer than any firmware's name with its version and its date. */
const FIRMWARE_CHARS_MAX = 100
/** What Marlin ships with (`DEFAULT_MACHINE_UUID`), and what comes of memory that was never written. */
const NOBODYS: ReadonlySet<string> = new Set([
  'cede2a2f-41a2-4748-9b12-c55c62f367ff',
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
])
/** Whether a UUID is one that no printer has to itself. */
export function isNobodysUuid(uuid: string): boolean {
  return NOBODYS.has(uuid.toLowerCase())
}

const FIRST = /^(?:ok )?FIRMWARE_NAME:/
/** A line of an answer in any firmware's form. */
const ANSWER = /^(?:FIRMWARE_NAME:|Cap:[A-Z]|area:\{)/
/** Where the next field begins. */
const FIELD = / [A-Z][A-Z_]*:/
const UUID = /(?:^| )UUID: ?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?: |$)/i

/** Whether it is a line of the answer that stands by itself. */
export function isFirmwareAnswer(line: string): boolean {
  return ANSWER.test(line)
}

/** Reads the line that names the firmware; undefined for any other. */
export function readFirmwareIdentity(line: string): FirmwareIdentity | undefined {
  const first = line.length > LINE_CHARS_MAX ? null : FIRST.exec(line)
  if (first === null) return undefined
  const fields = line.slice(first[0].length)
  const end = fields.search(FIELD)
  const name = plain(end === -1 ? fields : fields.slice(0, end))
  const uuid = UUID.exec(fields)?.[1]?.toLowerCase() ?? null
  return {
    uuid: uuid === null || isNobodysUuid(uuid) ? null : uuid,
    firmware: name === '' ? null : name,
  }
}

/** Printable ASCII alone: it is told on screens. */
function plain(text: string): string {
  return text
    .replace(/[^ -~]/g, '?')
    .trim()
    .slice(0, FIRMWARE_CHARS_MAX)
    .trim()
}
