import { Command, CommanderError, Option } from 'commander'
import { EXIT } from '../errors.ts'
import { addAuditCommands } from './audit-commands.ts'
import { addDeclaredOptions } from './declared-options.ts'
import { endOnFault, endWithError } from './end.ts'
import { addGateCommands } from './gate-commands.ts'
import { addLicenceCommands } from './licence-commands.ts'
import { complain } from './output.ts'
import { VERSION } from './version.ts'
import { addWitnessCommands } from './witness-commands.ts'

/**
 * The command line: what there is to ask for, in words for a newcomer. Each subcommand's work is in a file of its
 * own that is loaded only when it is asked for.
 */

/** Runs the command line and sets the exit status. Never throws. */
export async function runCommand(argv: readonly string[]): Promise<void> {
  endOnFault()
  let json = false
  const program = buildProgram().hook('preAction', (_, command) => {
    json = command.opts()['json'] === true
  })
  try {
    await program.parseAsync([...argv])
  } catch (error) {
    // Commander has said what is wrong; help and version are no errors.
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage
    else endWithError(error, { json })
  }
}

function buildProgram(): Command {
  const program = new Command('portcullis')
    .description(
      'The gate in front of a 3D printer: judges every G-code command against your policy and the design’s licence ' +
        'before a byte reaches the machine, and keeps a record of what it decided.',
    )
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .exitOverride()
    .configureOutput({ outputError: tellUsage })
    .showHelpAfterError('(add --help to see what it takes)')
    .addHelpText('after', AFTER_HELP)
  addJobCommands(program)
  addGateCommands(program)
  addPrinterCommands(program)
  addPolicyCommands(program)
  addLicenceCommands(program)
  addAuditCommands(program)
  addWitnessCommands(program)
  return program
}

/** Commander's sentence quotes what was typed. The only line end that is not the user's is that before its suggestion. */
function tellUsage(text: string): void {
  const [, sentence = text, suggestion] =
    /^(?:error: )?([\s\S]*?)(?:\n(\(Did you mean (?:one of )?[a-z, -]+\?\)))?\n?$/.exec(text) ?? []
  complain(sentence, ...(suggestion === undefined ? [] : [suggestion]))
}

const AFTER_HELP = `
New here? Run \`portcullis demo\`: it prints a small job on a built-in printer and shows three jobs being blocked.

Exit status: 0 allowed or done, 1 fault, 2 bad usage or unreadable input, 3 denied, 4 held for a person,
5 printer or link failed, 6 evidence does not verify.`

const JSON_HELP = 'write one JSON document to standard output instead'
const STATE_HELP = 'folder of keys, trust and log (default: $PORTCULLIS_STATE, else the XDG state folder)'
const POLICY_HELP = 'policy file that judges the job, or the name of a ready one: maker-space, open-bench'

const stateOption = (): Option => new Option('--state <dir>', STATE_HELP)

function addJobCommands(program: Command): void {
  program
    .command('demo')
    .description('print a small licensed job on the built-in printer, then watch three jobs being blocked')
    .action(async () => (await import('./demo.ts')).demo())
  program
    .command('inspect')
    .description(
      'measure a job: bounds, temperatures, filament, time, what its comments claim; judges nothing',
    )
    .argument('<job>', 'G-code file, or - for standard input')
    .option('--no-time', 'leave out the estimate of the time, which takes a quarter of the work')
    .option('--json', JSON_HELP)
    .addOption(stateOption())
    .action(async (job, options) => (await import('./inspect.ts')).inspect(job, options))
  program
    .command('read')
    .description('show how each line is read: its canonical form, or why it is refused')
    .argument('<file>', 'any file, or - for standard input')
    .option('--dialect <name>', 'how the printer’s firmware reads lines: marlin', 'marlin')
    .option('--json', 'write one JSON object a line')
    .action(async (file, options) => (await import('./read.ts')).read(file, options))
  addDeclaredOptions(
    program
      .command('check')
      .description('decide about a job without printing it')
      .argument('<job>', 'G-code file, or - for standard input')
      .requiredOption('--policy <file>', POLICY_HELP)
      .option(
        '--licence <file>',
        'licence that was given with the design (default: <job>.licence, else the one in the job)',
      )
      .option('--printer <id>', 'judge as if for the machine with this id (default: this machine)')
      .option('--user <name>', 'who asks'),
  )
    .option('--json', JSON_HELP)
    .addOption(stateOption())
    .action(async (job, options) => (await import('./check.ts')).check(job, options))
  addDeclaredOptions(
    program
      .command('print')
      .description('decide about a job, put the decision on record, and print it if it is allowed')
      .argument('<job>', 'G-code file, or - for standard input')
      .requiredOption('--port <port>', 'serial device, tcp://HOST:PORT, or `sim` for the built-in printer')
      .requiredOption('--policy <file>', POLICY_HELP)
      .option(
        '--licence <file>',
        'licence of the design (default: JOB.licence beside it, else one that the job carries)',
      )
      .option('--user <name>', 'who prints'),
  )
    .option('--witnesses <file>', 'print only what these witnesses have cosigned (C2SP tlog-policy)')
    .option('--baud <n>', 'line speed of a serial device', '115200')
    .option('--log-level <level>', 'what to tell on standard error: silent, error, warn, info, debug', 'warn')
    .option('--json', JSON_HELP)
    .addOption(stateOption())
    .action(async (job, options) => (await import('./print.ts')).print(job, options))
}

function addPrinterCommands(program: Command): void {
  program
    .command('sim')
    .description('run a simulated Marlin printer that any host can open, until it is interrupted')
    .option('--link <path>', 'make this symbolic link to its virtual serial port')
    .option('--tcp <host:port>', 'listen here instead of on a virtual serial port')
    .option('--journal <file>', 'write every byte received and every command executed, as JSON lines')
    .option('--speed <x>', 'run its clock so many times faster, or `max` to jump over every wait', '1')
    .option('--seed <n>', 'seed of its faults, so that a run can be repeated', '0')
    .option('--build <name>', 'which recorded build of Marlin reads the lines', 'default')
    .option('--firmware <name>', 'what its firmware calls itself (M115)')
    .option('--uuid <uuid>', 'the UUID that it reports (M115); by itself the one that Marlin ships with')
    .option('--fault <name=value>', 'a fault to show; repeat for several (see --list-faults)', collect)
    .option('--list-faults', 'list the faults and end')
    .option('--json', 'write the path as one JSON document once it is open')
    .action(async (options) => (await import('./sim.ts')).sim(options))
}

function addPolicyCommands(program: Command): void {
  const policy = program.command('policy').description('look at policies and the rules they can use')
  policy
    .command('validate')
    .description('check a policy file and run the cases it carries; problems are told with line and column')
    .argument('<file>', 'policy file, or the name of a ready one')
    .option('--json', JSON_HELP)
    .action(async (file, options) => (await import('./policy.ts')).validate(file, options))
  policy
    .command('rules')
    .description('list every rule: what it limits, why, and its options')
    .argument('[id]', 'only this rule, in full')
    .option('--json', JSON_HELP)
    .action(async (id, options) => (await import('./policy.ts')).listRules(id, options))
}

/** For an option that may be given several times; without a default, for help would show it as `[]`. */
function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
