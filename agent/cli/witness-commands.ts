import { type Command, Option } from 'commander'

/** The commands of a witness: a program that vouches for the logs of other machines. */

const STATE_HELP =
  'folder of the witness’s key and of what it has seen (default: $PORTCULLIS_STATE, the XDG state folder)'
const JSON_HELP = 'write one JSON document to standard output instead'

const stateOption = (): Option => new Option('--state <dir>', STATE_HELP)

export function addWitnessCommands(program: Command): void {
  const witness = program
    .command('witness')
    .description('cosign the heads of other machines’ logs, so that none can be cut or replaced unseen')
  witness
    .command('serve')
    .description('serve them over HTTP (C2SP tlog-witness), until it is interrupted')
    .requiredOption('--listen <host:port>', 'where to listen, such as 0.0.0.0:7375')
    .requiredOption(
      '--log <file...>',
      'files with the keys of the logs that it knows, a line each (`audit policy` prints one)',
    )
    .option(
      '--log-level <level>',
      'what to tell on standard error: silent, error, warn, info or debug',
      'info',
    )
    .addOption(stateOption())
    .option('--json', 'write where it listens as one JSON document once it does')
    .action(async (options) => (await import('./witness.ts')).serve(options))
  witness
    .command('key')
    .description('print the key by which others name this witness; made at the first use')
    .addOption(stateOption())
    .option('--json', JSON_HELP)
    .action(async (options) => (await import('./witness.ts')).key(options))
  witness
    .command('show')
    .description('list the logs that it has seen, and the heads that it refused')
    .addOption(stateOption())
    .option('--json', JSON_HELP)
    .action(async (options) => (await import('./witness.ts')).show(options))
}
