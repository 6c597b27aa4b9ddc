import type { Command } from 'commander'

/** The commands about the status lists that a site keeps. */

const JSON_HELP = 'write one JSON document to standard output instead'
const CONFIG_HELP = 'configuration of the gate, for its state folder'
const STATE_HELP =
  'state folder of this machine (default: that of --config, $PORTCULLIS_STATE, the XDG state folder)'

export function addStatusCommands(status: Command): void {
  status
    .command('add')
    .description('keep a status list that an issuer has published; no older one is used from then on')
    .argument('<file>', 'the list')
    .option('--config <file>', CONFIG_HELP)
    .option('--state <dir>', STATE_HELP)
    .option('--json', JSON_HELP)
    .action(async (file, options) => (await import('./status-lists.ts')).addStatusList(file, options))
  status
    .command('list')
    .description('tell which status lists are kept on this machine, and which were used')
    .option('--config <file>', CONFIG_HELP)
    .option('--state <dir>', STATE_HELP)
    .option('--json', JSON_HELP)
    .action(async (options) => (await import('./status-lists.ts')).tellStatusLists(options))
}
