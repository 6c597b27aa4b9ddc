/**
 * The programs that send G-code and that are spoken to in their own way. `generic` is every other one, and every one
 * that has not shown yet what it is: what is said to it stops each known host, and harms none.
 */
export const HOST_PROFILES = [
  'octoprint',
  'printrun',
  'cura',
  'repetier',
  'prusalink',
  'cncjs',
  'generic',
] as const

export type HostProfile = (typeof HOST_PROFILES)[number]
