import { realpathSync } from 'node:fs'
import { loadGateConfig } from '../config/index.ts'
import { findPrinterDevice, type InstallFile, planInstall } from '../install/index.ts'
import { badUsage } from './end.ts'
import { bold, dim, say, sayJson } from './output.ts'

export interface InstallFilesOptions {
  readonly config: string
  readonly print?: true
  readonly json?: true
  /** The service of the host program. */
  readonly host?: string
  /** The user that the gate is to run as. */
  readonly user?: string
}

/**
 * `portcullis install-files`: the files that make the gate a service and keep everybody else off the printer. Only
 * shown: what belongs to the system is placed by whoever answers for it.
 */
export async function installFiles(options: InstallFilesOptions): Promise<void> {
  if (!options.print && !options.json)
    throw badUsage('the files are for you to place, nothing is written: say --print to see them')
  const config = loadGateConfig(options.config)
  const { files, notes } = planInstall({
    config,
    device: findPrinterDevice(config.printer.port),
    user: options.user ?? 'portcullis',
    hostUnit: options.host ?? 'octoprint',
    program: ownProgram(),
  })
  if (options.json) return sayJson({ files, notes })
  say(...files.flatMap((file, i) => show(file, i + 1, files.length)))
  say(bold('# Besides'), ...notes.map((note) => `# - ${note}`))
}

/** How this very command was started. */
function ownProgram(): readonly string[] {
  const [, script] = process.argv
  return script === undefined ? [process.execPath] : [process.execPath, realpathSync(script)]
}

/** Everything that does not belong into the file stands behind a #, so that what is cut out too generously still works. */
function show({ path, what, text }: InstallFile, number: number, count: number): readonly string[] {
  return [bold(`# ${number}/${count}  ${path}`), dim(`# ${what}`), ...text.replace(/\n$/, '').split('\n'), '']
}
