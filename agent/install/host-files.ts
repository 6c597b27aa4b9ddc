/** What is placed at the host program's side: a cage for its service, and the settings that show it our port. */

import { yamlText } from './quoting.ts'
import type { InstallFile, InstallSite, Names } from './site.ts'
import { devLink } from './system-files.ts'

/** A drop-in for the host program's service: of all devices it may open virtual ports only. */
export function hostDropIn({ hostUnit }: Names): InstallFile {
  return {
    path: `/etc/systemd/system/${hostUnit}.d/portcullis.conf`,
    what: `Place it, then run: systemctl daemon-reload && systemctl restart ${hostUnit}`,
    text: `# The host program reaches the printer through the gate or not at all, whichever groups its user is in.
[Service]
DevicePolicy=closed
DeviceAllow=char-pts rw
# A camera that this service reads itself:
#DeviceAllow=char-video4linux rw
`,
  }
}

/** The part of OctoPrint's settings that makes the virtual port appear and the real one disappear. */
export function octoprintSettings({ config }: InstallSite, names: Names): InstallFile | undefined {
  const { link } = config.host
  if (link === undefined || !names.hostUnit.startsWith('octoprint')) return undefined
  const real = [config.printer.port, '/dev/ttyUSB[0-9]*', '/dev/ttyACM[0-9]*'].filter((name) =>
    name.startsWith('/'),
  )
  return {
    path: '~/.octoprint/config.yaml (a part of it)',
    what: 'Stop OctoPrint, put this into its settings, and start it again; or type the same into Settings > Serial Connection.',
    text: `serial:
  # ${devLink(names.gate)} is the same port under a name that needs no setting.
  additionalPorts:
    - ${yamlText(link)}
  # Not offered any more; the rule for the device is what keeps OctoPrint out.
  blocklistedPorts:
${real.map((name) => `    - ${yamlText(name)}`).join('\n')}
  port: ${yamlText(link)}
  baudrate: ${config.printer.baud}
`,
  }
}
