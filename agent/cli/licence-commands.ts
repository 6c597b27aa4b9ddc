import { type Command, Option } from 'commander'
import { addDeclaredOptions } from './declared-options.ts'
import { addIssuerCommands } from './issuer-commands.ts'
import { addTrustCommands } from './trust-commands.ts'

/** The commands about licences: for those who issue them, and for those who print under them. */

const JSON_HELP = 'write one JSON document to standard output instead'
const STATE_HELP = 'folder of keys, trust and log (default: $PORTCULLIS_STATE, else the XDG state folder)'

const stateOption = (): Option => new Option('--state <dir>', STATE_HELP)

export function addLicenceCommands(program: Command): void {
  const licence = program.command('licence').description('issue, show and verify licences for designs')
  addIssuerCommands(licence)
  addCopyCommands(licence)
  licence
    .command('show')
    .description('say in plain words what a licence allows; verifies nothing')
    .argument('<licence>', 'licence file')
    .option('--json', JSON_HELP)
    .action(async (file, options) => (await import('./licence-show.ts')).show(file, options))
  addDeclaredOptions(
    licence
      .command('verify')
      .description('check whether a licence allows a job on a machine, now')
      .argument('<licence>', 'licence file')
      .requiredOption('--job <file>', 'the G-code file to be printed')
      .option('--machine <id>', 'on the machine with this id (default: this machine)')
      .option('--user <name>', 'who starts the print')
      .option('--trust <pem>', 'trust this root certificate as well', collect),
  )
    .option('--json', JSON_HELP)
    .addOption(stateOption())
    .action(async (file, options) => (await import('./licence.ts')).verify(file, options))
  addTrustCommands(licence)
  licence
    .command('machine')
    .description('print this machine’s id, for whoever issues licences, and the key that jobs are sealed to')
    .option('--json', JSON_HELP)
    .addOption(stateOption())
    .action(async (options) => (await import('./seal.ts')).machine(options))
  addDeliveryCommands(licence)
}

/** What was made under licences on this machine. */
function addCopyCommands(licence: Command): void {
  const configOption = (): Option =>
    new Option('--config <file>', 'configuration of the gate, for its state folder')
  licence
    .command('usage')
    .description('tell which copies of which licence were made on this machine, by its log')
    .argument('[licence]', 'id of a licence, or its key as the log has it (default: all)')
    .option('--json', JSON_HELP)
    .addOption(configOption())
    .addOption(stateOption())
    .action(async (named, options) => (await import('./licence-copies.ts')).tellUsage(named, options))
  licence
    .command('report')
    .description('file the report that a licence asks for, of all its copies so far')
    .argument('<licence>', 'id of the licence, or its key as the log has it')
    .requiredOption('--text <text>', 'what was made and what became of it; kept encrypted beside the log')
    .option('--by <name>', 'who reports (default: the user of this command)')
    .option('--json', JSON_HELP)
    .addOption(configOption())
    .addOption(stateOption())
    .action(async (named, options) => (await import('./licence-copies.ts')).reportCopies(named, options))
  licence
    .command('apply-refund')
    .description('put a refund of the issuer on record: the copy that it names does not count any more')
    .argument('<file>', 'the refund, as `licence refund` of the issuer wrote it')
    .option('--json', JSON_HELP)
    .addOption(configOption())
    .addOption(stateOption())
    .action(async (file, options) => (await import('./licence-copies.ts')).applyRefundFile(file, options))
}

/** How a design and its licence come to the machine. */
function addDeliveryCommands(licence: Command): void {
  licence
    .command('seal-key')
    .description('print the key that jobs are sealed to for this machine; made when it is first asked for')
    .option('--json', JSON_HELP)
    .addOption(stateOption())
    .action(async (options) => (await import('./seal.ts')).sealKey(options))
  licence
    .command('seal')
    .description('encrypt a job, so that only the machines it is for can read it (age format)')
    .argument('<job>', 'G-code file, or - for standard input')
    .requiredOption(
      '--to <age1...>',
      'key of a machine (`licence seal-key` there); repeat for several',
      collect,
    )
    .requiredOption('--out <file>', 'write the sealed job here, such as part.gcode.age')
    .option('--json', JSON_HELP)
    .action(async (job, options) => (await import('./seal.ts')).sealJob(job, options))
  licence
    .command('attach')
    .description('write a copy of a job that carries its licence')
    .argument('<job>', 'G-code file, or - for standard input')
    .argument('<licence>', 'licence file')
    .requiredOption('--out <file>', 'write the copy here')
    .option(
      '--as-commands',
      'as commands that the gate keeps to itself (M5790), for hosts that drop comments',
    )
    .option('--json', JSON_HELP)
    .action(async (job, file, options) => (await import('./seal.ts')).attach(job, file, options))
}

/** For an option that may be given several times; without a default, for help would show it as `[]`. */
function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
