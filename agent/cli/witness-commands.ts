import { type Command, Option } from 'commander'

/** The commands of a witness: what one machine does for the logs of others. */

const JSON_HELP = 'write one JSON document to standard output instead'
const STATE_HELP = 'folder of the witness’s key and of what it has seen (default: as for other commands)'

export function addWitnessCommands(program: Command): void {
  const witness = program
    .command('witness')
    .description('witness the logs of others, so that none of them can be cut or replaced unseen')
  of(witness, 'serve', 'cosign the heads of the logs named by --log, over HTTP (c2sp.org/tlog-witness)')
    .requiredOption('--listen <host:port>', 'where other machines reach it, such as 0.0.0.0:8780')
    .requiredOption(
      '--log <file...>',
      'files with the keys of logs, one a line, or as `audit policy` writes them',
    )
    .option('--log-level <level>', 'what to tell on standard error: silent, error, warn, info, debug', 'info')
    .action(async (options) => (await import('./witness.ts')).serve(options))
  of(witness, 'key', 'print the key by which the policies of others name this witness').action(
    async (options) => (await import('./witness.ts')).key(options),
  )
  of(witness, 'show', 'list the logs that it has seen, and the heads that it refused').action(
    async (options) => (await import('./witness.ts')).show(options),
  )
}

function of(witness: Command, name: string, description: string): Command {
  return witness
    .command(name)
    .description(description)
    .addOption(new Option('--state <dir>', STATE_HELP))
    .option('--json', JSON_HELP)
}
