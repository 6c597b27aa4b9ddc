/** What no program on this machine can see or shut. */
import { note } from '../finding.ts'
import type { Check } from '../subject.ts'

export const otherWays: Check = {
  id: 'other-ways',
  examine: () => [
    note(
      'the printer’s card slot, its screen, its own network and a second cable do not pass the gate, nor does root on this machine',
      'cover the card slot and the USB socket, switch off the network in the menu of the printer, and lock the menu where it can be locked',
    ),
  ],
}
