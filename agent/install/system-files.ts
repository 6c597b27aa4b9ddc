/** The files around the service: its user, the rule that gives it the printer, and the folder of the link. */

import { deviceClasses } from './gate-unit.ts'
import type { PrinterDevice, UsbDevice } from './printer-device.ts'
import type { InstallFile, InstallSite, Names } from './site.ts'

/** The user and the groups (sysusers.d(5)). */
export function userFile({ config }: InstallSite, { gate, user, state }: Names): InstallFile {
  const { group } = config.host
  const path = `/etc/sysusers.d/${gate}.conf`
  const hosts =
    typeof group === 'string' && group !== user ? `\n# Who may open the virtual port.\ng ${group} -` : ''
  // The home of the user is nowhere: state that is no plain path would have to be quoted here.
  const home = /^[A-Za-z0-9/_.-]+$/.test(state) ? state : '/nonexistent'
  return {
    path,
    what: `Place it, then run: systemd-sysusers ${path}`,
    text: `# The gate's own user; nobody logs in as it.\nu ${user} - "Portcullis print gate" ${home}${hosts}\n`,
  }
}

/**
 * The rule that takes the printer away from everybody else. After 70-uaccess.rules, which would open it to whoever
 * sits at the machine, and before 73-seat-late.rules and 77-mm-*.rules, which act on what stands here.
 */
export function udevFile(device: PrinterDevice, { gate, user }: Names): InstallFile | undefined {
  const rules = udevRules(device, user)
  if (rules === undefined) return undefined
  return {
    path: `/etc/udev/rules.d/72-${gate}.rules`,
    what: 'Place it, then run: udevadm control --reload && udevadm trigger --subsystem-match=tty --subsystem-match=usb',
    text: `# The printer belongs to the gate: no host program, no ModemManager, and no other user opens it.\n${rules}\n`,
  }
}

function udevRules(device: PrinterDevice, user: string): string | undefined {
  const takes = `OWNER:="${user}", GROUP:="${user}", MODE:="0600", ENV{ID_MM_DEVICE_IGNORE}="1", TAG-="uaccess"`
  switch (device.kind) {
    case 'none':
      return undefined
    case 'fixed':
      return `SUBSYSTEM=="tty", KERNEL=="${device.node.slice('/dev/'.length)}", ${takes}`
    case 'usb':
      return [...aboutSerial(device), ...usbRules(device, takes)].join('\n')
    case 'absent':
      return [
        '# NOT COMPLETE: the printer is not plugged in. Plug it in, switch it on and run install-files again, or put in',
        '# what lsusb shows for it and take the # away.',
        ...usbRules({ vendor: 'FILL_IN', product: 'FILL_IN' }, takes).map((rule) => `#${rule}`),
      ].join('\n')
  }
}

function aboutSerial({ serial, vendor, product }: UsbDevice): readonly string[] {
  if (serial !== undefined) return []
  return [
    `# This printer has no serial number that a rule can name: every device of the kind ${vendor}:${product} becomes the`,
    "# gate's. A rule for its USB socket would let the printer go in the next socket.",
  ]
}

/** The serial port, and the USB device below it, over which a program could talk to the printer without the port. */
function usbRules(usb: Pick<UsbDevice, 'vendor' | 'product' | 'serial'>, takes: string): readonly string[] {
  const { vendor, product, serial } = usb
  const match = (key: string): string =>
    `${key}{idVendor}=="${vendor}", ${key}{idProduct}=="${product}"${serial === undefined ? '' : `, ${key}{serial}=="${serial}"`}`
  return [
    `SUBSYSTEM=="tty", ${match('ATTRS')}, ${takes}`,
    `SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", ${match('ATTR')}, ${takes}`,
  ]
}

/** The drivers, early: a class of devices can only be allowed to a service once its driver is there. */
export function modulesFile(device: PrinterDevice, { gate }: Names): InstallFile | undefined {
  const drivers: Readonly<Record<string, string>> = { 'char-ttyUSB': 'usbserial', 'char-ttyACM': 'cdc_acm' }
  const names = deviceClasses(device).flatMap((name) => drivers[name] ?? [])
  if (names.length === 0) return undefined
  return {
    path: `/etc/modules-load.d/${gate}.conf`,
    what: 'Place it, then run: systemctl restart systemd-modules-load',
    text: `# Loaded before the gate starts, or DeviceAllow= would not find the class while the printer is unplugged.\n${names.join('\n')}\n`,
  }
}

/** The folder of the link, and a second link where hosts look that list only /dev. */
export function tmpfilesFile(
  { config }: InstallSite,
  { gate, user, runFolder }: Names,
): InstallFile | undefined {
  if (runFolder === undefined || config.host.link === undefined) return undefined
  const path = `/etc/tmpfiles.d/${gate}.conf`
  return {
    path,
    what: `Place it, then run: systemd-tmpfiles --create ${path}`,
    text: `# The folder of the virtual port's link.
d /run/${runFolder} 0755 ${user} ${user} -
# For hosts that list only such names in /dev. It leads nowhere while the gate is not running.
L+ ${devLink(gate)} - - - - ${config.host.link}
`,
  }
}

/** A name that OctoPrint, Printrun and others take for a serial port's. */
export function devLink(gate: string): string {
  return `/dev/ttyUSB-${gate}`
}
