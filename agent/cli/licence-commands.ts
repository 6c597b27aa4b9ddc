import { type Command, Option } from 'commander'

/** The commands about licences: for those who issue them, and for those who print under them. */

const JSON_HELP = 'write one JSON document to standard output instead'
const STATE_HELP = 'folder of keys, trust and log (default: $PORTCULLIS_STATE, else the XDG state folder)'

const stateOption = (): Option => new Option('--state <dir>', STATE_HELP)

export function addLicenceCommands(program: Command): void {
  const licence = program.command('licence').description('issue, show and verify licences for designs')
  const issuer = licence.command('issuer').description('keep the keys that sign licences')
  issuer
    .command('init')
    .description('make a new issuer: root, intermediate and signing key, each RSA-3072')
    .argument('<dir>', 'folder to make')
    .requiredOption('--name <name>', 'name of the issuer, as licensees will read it')
    .requiredOption('--uri <uri>', 'what names the issuer in licences, such as https://licences.example.org')
    .option('--days <n>', 'how long its certificates are valid', '730')
    .option('--passphrase-file <file>', 'encrypt the private keys with the first line of this file')
    .option('--json', JSON_HELP)
    .action(async (dir, options) => (await import('./licence.ts')).initIssuer(dir, options))
  licence
    .command('issue')
    .description('issue a licence for one design')
    .requiredOption('--issuer <dir>', 'folder of the issuer')
    .requiredOption('--design <file>', 'the G-code file that may be printed')
    .requiredOption('--licensee <name>', 'who may print it')
    .requiredOption('--copies <n>', 'how often')
    .requiredOption('--machine <id>', 'on which machine (see `licence machine`); repeat for several', collect)
    .requiredOption('--expires <date>', 'until when, such as 2027-06-30 or 2027-06-30T12:00:00Z')
    .option('--from <date>', 'from when (default: now)')
    .option(
      '--tier <name>',
      'how closely the design is held: open, registered, controlled, restricted',
      'open',
    )
    .option(
      '--form <form>',
      'what must match: `gcode-canon` the commands, `gcode-raw` every byte',
      'gcode-canon',
    )
    .option('--title <text>', 'title of the design (default: the file’s name)')
    .option('--passphrase-file <file>', 'passphrase of the signing key')
    .option('--out <file>', 'write the licence here (default: standard output)')
    .option('--json', JSON_HELP)
    .action(async (options) => (await import('./licence.ts')).issue(options))
  licence
    .command('show')
    .description('say in plain words what a licence allows; verifies nothing')
    .argument('<licence>', 'licence file')
    .option('--json', JSON_HELP)
    .action(async (file, options) => (await import('./licence.ts')).show(file, options))
  licence
    .command('verify')
    .description('check whether a licence allows a job on a machine, now')
    .argument('<licence>', 'licence file')
    .requiredOption('--job <file>', 'the G-code file to be printed')
    .option('--machine <id>', 'on the machine with this id (default: this machine)')
    .option('--trust <pem>', 'trust this root certificate as well', collect)
    .option('--json', JSON_HELP)
    .addOption(stateOption())
    .action(async (file, options) => (await import('./licence.ts')).verify(file, options))
  licence
    .command('trust')
    .description('trust an issuer’s root certificate on this machine')
    .argument('<pem>', 'root.pem of the issuer')
    .addOption(stateOption())
    .action(async (pem, options) => (await import('./licence.ts')).trust(pem, options))
  licence
    .command('machine')
    .description('print this machine’s id, for whoever issues licences')
    .option('--json', JSON_HELP)
    .addOption(stateOption())
    .action(async (options) => (await import('./licence.ts')).machine(options))
}

/** For an option that may be given several times; without a default, for help would show it as `[]`. */
function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
