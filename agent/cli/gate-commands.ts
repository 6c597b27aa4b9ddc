import { type Command, Option } from 'commander'
import { addDeclaredOptions } from './declared-options.ts'

/** The commands of the inline gate: to run it, to talk to it, to set it up. */

const JSON_HELP = 'write one JSON document to standard output instead'
const CONFIG_HELP = 'configuration of the gate, for its state folder'
const STATE_HELP =
  'state folder of the gate (default: that of --config, $PORTCULLIS_STATE, the XDG state folder)'

export function addGateCommands(program: Command): void {
  addServe(program)
  addRequests(program)
  addSetUp(program)
}

function addServe(program: Command): void {
  program
    .command('serve')
    .description('run the inline gate: any host prints through its virtual port, and nothing gets round it')
    .option('--config <file>', 'configuration of the gate')
    .option('--print-example', 'write a commented configuration to start from, and end')
    .addOption(new Option('--state <dir>', 'state folder in place of the configured one'))
    .option('--json', 'write where hosts can connect as one JSON document once they can')
    .action(async (options) => (await import('./serve.ts')).serve(options))
}

function addRequests(program: Command): void {
  addDeclaredOptions(
    request(
      program,
      'arm',
      'judge a job and let the gate print it: its host may then stream it, command by command',
    )
      .argument('<job>', 'G-code file, or - for standard input')
      .option(
        '--licence <file>',
        'licence of the design (default: JOB.licence beside it, else one that the job carries)',
      )
      .option('--user <name>', 'who prints'),
  ).action(async (job, options) => (await import('./arm.ts')).arm(job, options))
  request(program, 'disarm', 'give up a job that was armed and has not begun').action(async (options) =>
    (await import('./gate-requests.ts')).disarm(options),
  )
  request(program, 'status', 'tell what the running gate is doing').action(async (options) =>
    (await import('./gate-requests.ts')).status(options),
  )
  request(program, 'clear', 'let hosts print again after a refusal or a stop').action(async (options) =>
    (await import('./gate-requests.ts')).clear(options),
  )
  request(program, 'stop', 'end what is being printed and bring the printer to rest')
    .option('--reason <text>', 'why, for the log')
    .action(async (options) => (await import('./gate-requests.ts')).stop(options))
}

function request(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option('--config <file>', CONFIG_HELP)
    .addOption(new Option('--state <dir>', STATE_HELP))
    .option('--json', JSON_HELP)
}

function addSetUp(program: Command): void {
  program
    .command('doctor')
    .description('look for ways round the gate, and at what it stands on; changes nothing')
    .requiredOption('--config <file>', 'configuration of the gate')
    .addOption(new Option('--state <dir>', STATE_HELP))
    .option('--json', JSON_HELP)
    .action(async (options) => (await import('./doctor.ts')).doctor(options))
  program
    .command('install-files')
    .description('write the files that run the gate as a service, for an administrator to place')
    .requiredOption('--config <file>', 'configuration of the gate')
    .option('--print', 'write them to standard output')
    .option('--user <name>', 'user that the gate runs as', 'portcullis')
    .option('--host <unit>', 'service of the host program, to keep it away from the printer', 'octoprint')
    .option('--json', JSON_HELP)
    .action(async (options) => (await import('./install-files.ts')).installFiles(options))
}
