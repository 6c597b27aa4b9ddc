/** The only door of the room: the files that an administrator places to run the gate as a service. */
import { isAbsolute } from 'node:path'
import { gateUnit } from './gate-unit.ts'
import { hostDropIn, octoprintSettings } from './host-files.ts'
import { type InstallFile, type InstallSite, type Names, namesOf } from './site.ts'
import { modulesFile, tmpfilesFile, udevFile, userFile } from './system-files.ts'

export { findPrinterDevice } from './printer-device.ts'
export type { InstallFile } from './site.ts'

/** The files in the order in which they are placed, and what else there is to know or to do, in sentences. */
export interface InstallPlan {
  readonly files: readonly InstallFile[]
  readonly notes: readonly string[]
}

/** Makes the texts; writes nothing. Throws `AgentError` USAGE or CONFIG_INVALID. */
export function planInstall(site: InstallSite): InstallPlan {
  const names = namesOf(site)
  const files = [
    userFile(site, names),
    udevFile(site.device, names),
    modulesFile(site.device, names),
    tmpfilesFile(site, names),
    gateUnit(site, names),
    hostDropIn(names),
    octoprintSettings(site, names),
  ]
  return { files: files.filter((file) => file !== undefined), notes: notesOf(site, names) }
}

function notesOf({ config, device, program }: InstallSite, names: Names): readonly string[] {
  const { user, gate, state } = names
  const { host } = config
  const readable = [config.path, config.policy, host.secretFile ?? ''].filter(isAbsolute)
  const notes = [
    `${readable.join(', ')}: owned by root, group ${user}, mode 0640, so that the gate reads and nobody else changes them`,
  ]
  if (config.state === undefined)
    notes.push(
      `write \`state: ${state}\` into the configuration, so that \`portcullis arm\` and \`doctor\` find it too`,
    )
  if (!/^\/var\/lib\/portcullis(-[a-z0-9-]+)?$/.test(state))
    notes.push(
      `make the folder ${state} yourself: owned by ${user}, mode 0700; the service does not start without it`,
    )
  if (host.owner !== undefined && host.owner !== user)
    notes.push('the service cannot give its port to another owner: use `group` in place of `owner`')
  if (host.link !== undefined && host.group === undefined)
    notes.push(
      `only ${user} can open the virtual port yet: set \`group\` and put the host program's user in that group`,
    )
  if (host.group !== undefined)
    notes.push(
      `put the host program's user in the group ${host.group}: usermod --append --groups ${host.group} USER`,
    )
  notes.push(
    "take the host program's user out of the group that opens real devices: gpasswd --delete USER dialout",
  )
  if (device.kind === 'absent')
    notes.push('the printer is not plugged in: its udev rule still has to be filled in')
  if (device.kind === 'none' && config.printer.port.startsWith('tcp://'))
    notes.push(
      'a printer in the network: nothing here keeps others from connecting to it, only the network can',
    )
  if ([...program, config.path].some((path) => /^\/(home|root)\//.test(path)))
    notes.push(
      `the program or its configuration lies in a home folder, which ${user} must be able to read: prefer /opt`,
    )
  notes.push(`then let the gate look at all this itself: portcullis doctor --config ${config.path}`)
  notes.push(`what the gate says: journalctl --unit ${gate}`)
  return notes
}
