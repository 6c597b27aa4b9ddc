/** Every check, in the order in which their findings of one level are told. */
import type { Check } from '../subject.ts'
import { anchor } from './anchor.ts'
import { clock } from './clock.ts'
import { configFile } from './config-file.ts'
import { deviceName } from './device-name.ts'
import { deviceOpen } from './device-open.ts'
import { deviceOwner } from './device-owner.ts'
import { deviceUsb } from './device-usb.ts'
import { gateUser } from './gate-user.ts'
import { guard } from './guard.ts'
import { hostUser } from './host-user.ts'
import { meddlers } from './meddlers.ts'
import { otherWays } from './other-ways.ts'
import { policyFile } from './policy-file.ts'
import { program } from './program.ts'
import { stateDisk } from './state-disk.ts'
import { stateFolder } from './state-folder.ts'
import { tcp } from './tcp.ts'
import { virtualPort } from './virtual-port.ts'

export const CHECKS: readonly Check[] = [
  deviceOwner,
  deviceOpen,
  deviceUsb,
  hostUser,
  gateUser,
  virtualPort,
  tcp,
  policyFile,
  configFile,
  program,
  guard,
  stateFolder,
  stateDisk,
  meddlers,
  clock,
  deviceName,
  anchor,
  otherWays,
]
