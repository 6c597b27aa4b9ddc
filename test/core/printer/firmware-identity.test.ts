import { describe, expect, test } from 'vitest'
import { isFirmwareAnswer, readFirmwareIdentity } from '../../../agent/core/printer/firmware-identity.ts'

const UUID = '6f9619ff-8b86-d011-b42d-00c04fc964ff'
const MARLIN =
  'FIRMWARE_NAME:Marlin 2.1.2 (Dec 17 2022 12:00:00) SOURCE_CODE_URL:github.com/MarlinFirmware/Marlin'

describe('what a printer says of itself', () => {
  test.each([
    [`${MARLIN} EXTRUDER_COUNT:1 UUID:${UUID}`, UUID, 'Marlin 2.1.2 (Dec 17 2022 12:00:00)'],
    [`FIRMWARE_NAME:Marlin UUID:${UUID.toUpperCase()}`, UUID, 'Marlin'],
    [
      'FIRMWARE_NAME:Prusa-Firmware 3.13.0 based on Marlin FIRMWARE_URL:https://github.com/prusa3d/Prusa-Firmware PROTOCOL_VERSION:1.0 MACHINE_TYPE:Prusa i3 MK3S EXTRUDER_COUNT:1',
      null,
      'Prusa-Firmware 3.13.0 based on Marlin',
    ],
    ['ok FIRMWARE_NAME:Klipper FIRMWARE_VERSION:v0.12.0-85', null, 'Klipper'],
    [
      'FIRMWARE_NAME: RepRapFirmware for Duet 2 WiFi/Ethernet FIRMWARE_VERSION: 3.4.5 ELECTRONICS: Duet WiFi 1.02 or later',
      null,
      'RepRapFirmware for Duet 2 WiFi/Ethernet',
    ],
    ['FIRMWARE_NAME:', null, null],
  ])('%j is read', (line, uuid, firmware) => {
    expect(readFirmwareIdentity(line)).toEqual({ uuid, firmware })
  })

  test.each([
    'cede2a2f-41a2-4748-9b12-c55c62f367ff',
    'CEDE2A2F-41A2-4748-9B12-C55C62F367FF',
    '00000000-0000-0000-0000-000000000000',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
    'cede2a2f41a247489b12c55c62f367ff',
    `${UUID}0`,
  ])('a UUID that is nobody’s own is none: %s', (uuid) => {
    expect(readFirmwareIdentity(`${MARLIN} UUID:${uuid}`)?.uuid).toBeNull()
  })

  test.each([
    'ok',
    'Cap:EEPROM:1',
    `echo:FIRMWARE_NAME:Marlin UUID:${UUID}`,
    `MACHINE_TYPE:x UUID:${UUID}`,
    `${MARLIN} ${'x'.repeat(1024)}`,
  ])('%j is not', (line) => {
    expect(readFirmwareIdentity(line)).toBeUndefined()
  })

  test('can steer no screen and fill none', () => {
    expect(readFirmwareIdentity('FIRMWARE_NAME:Mar\u001b[31mlin\u202e')?.firmware).toBe('Mar?[31mlin?')
    expect(readFirmwareIdentity(`FIRMWARE_NAME:${'x'.repeat(900)}`)?.firmware).toHaveLength(100)
    const long = `FIRMWARE_NAME:${' A'.repeat(500)}`
    expect(readFirmwareIdentity(long)?.firmware?.length).toBeLessThanOrEqual(100)
  })

  test('is told from what else it says', () => {
    for (const line of [MARLIN, 'Cap:EEPROM:1', 'area:{full:{min:{x:0}}}'])
      expect(isFirmwareAnswer(line)).toBe(true)
    for (const line of ['ok', 'echo:Cap:X', 'Captain', 'T:20 /0', 'Area: 5'])
      expect(isFirmwareAnswer(line)).toBe(false)
  })
})
