/** The gate's own service: a unit that may open the printer, listen where it is told, and nothing else. */

import { isIP } from 'node:net'
import { type GateConfig, isLoopback } from '../config/index.ts'
import type { PrinterDevice } from './printer-device.ts'
import { commandWord, unitWord } from './quoting.ts'
import type { InstallFile, InstallSite, Names } from './site.ts'

/** The first safe stop takes up to 24 s, the guard's after it 10 s more; the rest is a slow disk closing the log. */
const STOP_SECONDS = 40

/** Folders that `ProtectHome=yes` empties. */
const HOME = /^\/(?:home|root|run\/user)\//

/** A state folder that systemd can make: below /var/lib, of our own name. */
const STATE_DIRECTORY = /^\/var\/lib\/(portcullis(?:-[a-z0-9-]+)?)$/

/** The unit. */
export function gateUnit(site: InstallSite, names: Names): InstallFile {
  const sections = [unitSection(names), serviceSection(site, names), sandbox(site, names), INSTALL]
  return {
    path: `/etc/systemd/system/${names.gate}.service`,
    what: `Place it, then run: systemctl daemon-reload && systemctl enable --now ${names.gate}`,
    text: `${sections.join('\n\n')}\n`,
  }
}

const INSTALL = '[Install]\nWantedBy=multi-user.target'

function unitSection({ gate }: Names): string {
  return `[Unit]
Description=Portcullis print gate (${gate})
After=network.target
StartLimitIntervalSec=300
StartLimitBurst=10`
}

function serviceSection({ config, program }: InstallSite, { user, state }: Names): string {
  const command = [...program, 'serve', '--config', config.path].map(commandWord).join(' ')
  const { group } = config.host
  return lines(
    '[Service]',
    'Type=exec',
    `User=${user}`,
    `Group=${user}`,
    group !== undefined && '# To hand the virtual port to this group, the gate must be in it.',
    group !== undefined && `SupplementaryGroups=${group}`,
    'UMask=0077',
    config.state === undefined && `Environment=${unitWord(`PORTCULLIS_STATE=${state}`)}`,
    `ExecStart=${command}`,
    'Restart=on-failure',
    'RestartSec=5',
    '# Bad usage and a bad configuration do not get better by themselves.',
    'RestartPreventExitStatus=2',
    '',
    '# The guard process must outlive a gate that crashes: it turns the heaters off and then ends by itself. It',
    '# ignores SIGTERM. With KillMode=mixed systemd would kill it at the moment the gate dies.',
    'KillMode=control-group',
    `TimeoutStopSec=${STOP_SECONDS}`,
    '# A hostile file that makes its inspector run out of memory ends the inspector, not the gate.',
    'OOMPolicy=continue',
    'OOMScoreAdjust=-500',
  )
}

function sandbox(site: InstallSite, names: Names): string {
  const { config, program } = site
  const isAtHome = [...program, config.path, config.policy, config.host.secretFile ?? ''].some((path) =>
    HOME.test(path),
  )
  return lines(
    '# Files: everything is read-only but these.',
    'ProtectSystem=strict',
    `ProtectHome=${isAtHome ? 'read-only' : 'yes'}`,
    'PrivateTmp=yes',
    ...stateLines(names),
    names.runFolder !== undefined && `RuntimeDirectory=${names.runFolder}`,
    names.runFolder !== undefined && 'RuntimeDirectoryMode=0755',
    names.runFolder !== undefined && '# Another gate may have its link there too.',
    names.runFolder !== undefined && 'RuntimeDirectoryPreserve=yes',
    '',
    '# Devices: the printer and virtual ports. Not PrivateDevices=, which would hide the printer.',
    'DevicePolicy=closed',
    'DeviceAllow=/dev/ptmx rw',
    'DeviceAllow=char-pts rw',
    ...deviceClasses(site.device).map((device) => `DeviceAllow=${device} rw`),
    '',
    '# Network.',
    ...networkLines(config),
    '',
    '# Rights.',
    'NoNewPrivileges=yes',
    'CapabilityBoundingSet=',
    'AmbientCapabilities=',
    'RestrictNamespaces=yes',
    'RestrictRealtime=yes',
    'RestrictSUIDSGID=yes',
    'RemoveIPC=yes',
    'KeyringMode=private',
    '# What a crash leaves behind would hold keys, and sealed designs in clear.',
    'LimitCORE=0',
    '',
    '# Kernel. Not MemoryDenyWriteExecute=, for Node compiles as it runs; not ProcSubset=pid, for the gate reads',
    '# the boot id to tell what a crash left behind.',
    'LockPersonality=yes',
    'ProtectClock=yes',
    'ProtectControlGroups=yes',
    'ProtectHostname=yes',
    'ProtectKernelLogs=yes',
    'ProtectKernelModules=yes',
    'ProtectKernelTunables=yes',
    'ProtectProc=invisible',
    'SystemCallArchitectures=native',
    'SystemCallFilter=@system-service',
    'SystemCallErrorNumber=EPERM',
  )
}

function stateLines({ state }: Names): readonly string[] {
  const folder = STATE_DIRECTORY.exec(state)?.[1]
  if (folder !== undefined) return [`StateDirectory=${folder}`, 'StateDirectoryMode=0700']
  return [`ReadWritePaths=${unitWord(state)}`]
}

/** By class and not by name: the kernel gives a printer that was unplugged another number. */
export function deviceClasses(device: PrinterDevice): readonly string[] {
  switch (device.kind) {
    case 'none':
      return []
    case 'absent':
      return ['char-ttyUSB', 'char-ttyACM']
    case 'fixed':
      return [unitWord(device.node)]
    case 'usb':
      return [device.node.startsWith('/dev/ttyACM') ? 'char-ttyACM' : 'char-ttyUSB']
  }
}

function networkLines(config: GateConfig): readonly string[] {
  const { tcp } = config.host
  const printer = /^tcp:\/\/\[?([^\]]*?)\]?:\d+$/.exec(config.printer.port)?.[1]
  const ends = [tcp?.host, printer].filter((host) => host !== undefined)
  if (ends.length === 0) return ['RestrictAddressFamilies=AF_UNIX', 'IPAddressDeny=any']
  const families = 'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6'
  const allowed = [
    ...(tcp === undefined ? [] : [isLoopback(tcp.host) ? 'localhost' : undefined]),
    ...(printer === undefined ? [] : [isLoopback(printer) ? 'localhost' : addressOf(printer)]),
  ]
  if (allowed.some((host) => host === undefined)) {
    return [
      families,
      '# Narrow it to your own hosts and printer:',
      '#IPAddressDeny=any',
      '#IPAddressAllow=192.0.2.0/24',
    ]
  }
  return [families, 'IPAddressDeny=any', `IPAddressAllow=${[...new Set(allowed)].join(' ')}`]
}

/** Names may lead elsewhere tomorrow, and need a name server today. */
function addressOf(host: string): string | undefined {
  return isIP(host) !== 0 && !host.includes('%') ? host : undefined
}

function lines(...all: readonly (string | false)[]): string {
  return all.filter((line) => line !== false).join('\n')
}
