/**
 * What kind of thing a command does. A policy allows or denies whole classes by name, so a class groups what
 * a site would decide about together; the table gives each command exactly one.
 */
export const COMMAND_CLASSES = {
  motion: 'moves to a place that the command names',
  homing: 'homes axes or probes the bed by the firmware’s usual routine',
  retraction: 'retracts and recovers filament in firmware, and sets by how much',
  heating: 'sets or waits for a temperature',
  fans: 'turns fans on and off',
  tools: 'selects, parks or mixes tools',
  modes: 'sets units, planes, absolute and relative coordinates',
  position: 'renames the present position',
  waiting: 'waits for time or for moves to end',
  status: 'asks for or reports state and changes nothing',
  progress: 'keeps the print’s progress and statistics',
  objects: 'names objects of the plate or cancels one',
  messages: 'shows or echoes text',
  factors: 'scales speed or flow by percent',
  dynamics: 'sets acceleration, jerk, speed limits and pressure advance for this session',
  motors: 'enables, disables or idles steppers',
  pauses: 'stops for a person, or changes filament with the firmware’s own moves',
  lights: 'lights, beeps, camera and display',
  checks: 'checks that the printer is the one the job was sliced for',
  emergency: 'stops or interrupts at once',
  storage: 'reads, writes or runs files on the printer',
  firmware: 'updates, restarts or debugs the firmware, or changes the link',
  settings: 'saves, restores or locks settings, or passes on memory that outlives the print',
  calibration: 'changes steps, drivers, offsets of heaters and models of temperature',
  macros: 'stores or runs a program on the printer',
  network: 'opens another way to the printer',
  pins: 'drives pins, servos, relays, spindles, lasers or buses directly',
  offsets: 'shifts origins, tools or probes',
  scaling: 'changes what a number means: units, volume or temperature scale',
  'self-moving': 'moves the machine along a path the command does not name',
  safety: 'turns a protection of the firmware on or off',
} as const

export type CommandClass = keyof typeof COMMAND_CLASSES

/** Every class, in the order of their numbers. */
export const CLASS_NAMES = Object.keys(COMMAND_CLASSES) as readonly CommandClass[]
