/** Fixed texts of the firmware. */

import type { MachineConfig } from './machine.ts'

/** What a board prints when it starts: the first line is the one that hosts look for. */
export const BOOT_LINES = [
  'start',
  'Marlin 2.1.2',
  'echo: Last Updated: 2022-12-17 | Author: (none, default config)',
  'echo: Free Memory: 3668  PlannerBufferBytes: 1216',
  'echo:Hardcoded Default Settings Loaded',
] as const

export const FIRMWARE = 'Marlin 2.1.2 (Dec 17 2022 12:00:00)'
/** The UUID that Marlin ships with. */
export const DEFAULT_UUID = 'cede2a2f-41a2-4748-9b12-c55c62f367ff'

/** M115. Nothing in it tells how the parser was built, but for quotes and parentheses. */
export function capabilityLines(config: MachineConfig): readonly string[] {
  const { build } = config
  const line = (name: string, isOn: boolean) => `Cap:${name}:${isOn ? 1 : 0}`
  return [
    `FIRMWARE_NAME:${config.firmware} SOURCE_CODE_URL:github.com/MarlinFirmware/Marlin ` +
      `PROTOCOL_VERSION:1.0 MACHINE_TYPE:Simulated printer EXTRUDER_COUNT:1 UUID:${config.uuid}`,
    ...(build.hasParenComments ? [line('PAREN_COMMENTS', true)] : []),
    ...(build.hasQuotedStrings ? [line('QUOTED_STRINGS', true)] : []),
    line('SERIAL_XON_XOFF', false),
    line('BINARY_FILE_TRANSFER', false),
    line('EEPROM', true),
    line('VOLUMETRIC', true),
    line('AUTOREPORT_POS', false),
    line('AUTOREPORT_TEMP', true),
    line('PROGRESS', false),
    line('PRINT_JOB', true),
    line('AUTOLEVEL', false),
    line('RUNOUT', false),
    line('Z_PROBE', false),
    line('LEVELING_DATA', false),
    line('BUILD_PERCENT', true),
    line('SOFTWARE_POWER', false),
    line('TOGGLE_LIGHTS', false),
    line('CASE_LIGHT_BRIGHTNESS', false),
    line('EMERGENCY_PARSER', config.hasEmergencyParser),
    line('HOST_ACTION_COMMANDS', false),
    line('PROMPT_SUPPORT', false),
    line('SDCARD', true),
    line('MULTI_VOLUME', false),
    line('REPEAT', false),
    line('SD_WRITE', true),
    line('AUTOREPORT_SD_STATUS', false),
    line('LONG_FILENAME', false),
    line('LFN_WRITE', false),
    line('CUSTOM_FIRMWARE_UPLOAD', false),
    line('EXTENDED_M20', false),
    line('THERMAL_PROTECTION', true),
    line('MOTION_MODES', build.hasMotionModes),
    line('ARCS', true),
    line('BABYSTEPPING', false),
    line('CHAMBER_TEMPERATURE', config.hasChamber),
    line('COOLER_TEMPERATURE', false),
    line('MEATPACK', false),
    line('CONFIG_EXPORT', false),
  ]
}

/** M119 of a printer whose nozzle touches no switch. */
export const ENDSTOP_LINES = [
  'Reporting endstop status',
  'x_min: open',
  'y_min: open',
  'z_min: open',
] as const
