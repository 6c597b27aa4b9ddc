import { type Command, Option } from 'commander'
import { addStatusCommands } from './status-commands.ts'

/** The commands of those who issue licences and of those who pass them on. */

const JSON_HELP = 'write one JSON document to standard output instead'
const OUT_HELP = 'write it here, never over another file (default: standard output)'
const DAYS_HELP = 'how long the new certificates are valid; never beyond the one above them'
const LICENCE_HELP = 'licence file, or the id of a licence'

/** How the passphrase of private keys that are there is given. */
const withPassphrase = (command: Command): Command =>
  command
    .option('--passphrase-file <file>', 'passphrase of the private key: the first line of this file')
    .option('--passphrase-fd <n>', 'the same, of this open descriptor (default: asked for on the terminal)')

/** The same for keys that are made, which are encrypted unless it is said in so many words. */
const withNewPassphrase = (command: Command): Command =>
  command
    .option('--passphrase-file <file>', 'encrypt the private keys with the first line of this file')
    .option('--passphrase-fd <n>', 'the same, of this open descriptor (default: asked for on the terminal)')
    .option('--no-passphrase', 'leave the private keys unencrypted: only file modes protect them')

const issuerOption = (): Option => new Option('--issuer <dir>', 'folder of the issuer').makeOptionMandatory()

export function addIssuerCommands(licence: Command): void {
  const issuer = licence.command('issuer').description('keep the keys that sign licences')
  addKeyCommands(issuer)
  addIssueCommand(licence)
  addLedgerCommands(licence)
  addLicenseeCommands(licence)
}

function addKeyCommands(issuer: Command): void {
  withNewPassphrase(
    issuer
      .command('init')
      .description('make a new issuer: root, intermediate and signing key, each RSA-3072')
      .argument('<dir>', 'folder to make')
      .requiredOption('--name <name>', 'name of the issuer, as licensees will read it')
      .requiredOption(
        '--uri <uri>',
        'what names the issuer in licences, such as https://licences.example.org',
      )
      .option('--days <n>', 'how long its certificates are valid', '730'),
  )
    .option('--json', JSON_HELP)
    .action(async (dir, options) => (await import('./issuer.ts')).initIssuer(dir, options))
  withNewPassphrase(
    issuer
      .command('renew')
      .description('make a new signing key; licences that the old one signed stay valid')
      .argument('<dir>', 'folder of the issuer')
      .option(
        '--root',
        'make a new root, intermediate and signing key; sites must trust the new root as well',
      )
      .option('--days <n>', DAYS_HELP, '730'),
  )
    .option('--json', JSON_HELP)
    .action(async (dir, options) => (await import('./issuer.ts')).renewSigner(dir, options))
  withNewPassphrase(
    issuer
      .command('intermediate')
      .description('make a new intermediate and signing key under the same root')
      .argument('<dir>', 'folder of the issuer')
      .option('--days <n>', DAYS_HELP, '730'),
  )
    .option('--json', JSON_HELP)
    .action(async (dir, options) => (await import('./issuer.ts')).renewIntermediate(dir, options))
  issuer
    .command('show')
    .description('say what an issuer is, until when it signs, and how many licences it has given')
    .argument('<dir>', 'folder of the issuer')
    .option('--json', JSON_HELP)
    .action(async (dir, options) => (await import('./issuer.ts')).showIssuer(dir, options))
  withPassphrase(
    issuer
      .command('recognise')
      .description('state that tiers and classes of another regime are, here, some of yours')
      .argument('<dir>', 'folder of the issuer')
      .argument('<file>', 'file with `recognition: 1`, of, expires, tiers, classes'),
  )
    .option('--out <file>', OUT_HELP)
    .option('--json', JSON_HELP)
    .action(async (dir, file, options) =>
      (await import('./issuer-statements.ts')).recognise(dir, file, options),
    )
  withPassphrase(
    issuer
      .command('screening')
      .description('sign a list of parties, countries and materials that sites look at before they print')
      .argument('<dir>', 'folder of the issuer')
      .argument('<file>', 'file with `screening-list: 1`, name, version, source, expires, entries'),
  )
    .option('--out <file>', OUT_HELP)
    .option('--json', JSON_HELP)
    .action(async (dir, file, options) =>
      (await import('./issuer-statements.ts')).publishScreening(dir, file, options),
    )
}

function addIssueCommand(licence: Command): void {
  withPassphrase(
    licence
      .command('issue')
      .description('issue a licence for one design')
      .argument('[order]', 'file that says everything, see --print-example; or flags that say the least')
      .option('--print-example', 'write a complete, commented order')
      .option('--issuer <dir>', 'folder of the issuer')
      .option('--design <file>', 'the G-code file that may be printed')
      .option('--licensee <name>', 'who may print it')
      .option('--copies <n>', 'how often')
      .option('--machine <id>', 'on which machine (see `licence machine`); repeat for several', collect)
      .option('--expires <date>', 'until when, such as 2027-06-30 or 2027-06-30T12:00:00Z')
      .option('--from <date>', 'from when (default: now)')
      .option(
        '--tier <name>',
        'how closely the design is held: open, registered, controlled, restricted (default: open)',
      )
      .option(
        '--form <form>',
        'what must match: `gcode-canon` the commands, `gcode-raw` every byte (default: gcode-canon)',
      )
      .option('--title <text>', 'title of the design (default: the file’s name)'),
  )
    .option('--out <file>', 'write the licence here, never over another file (default: standard output)')
    .option('--json', JSON_HELP)
    .action(async (order, options) => (await import('./licence-issue.ts')).issue(order, options))
}

function addLedgerCommands(licence: Command): void {
  withPassphrase(
    licence
      .command('allocate')
      .description('give one machine copies of a licence that several machines share')
      .argument('<licence>', LICENCE_HELP)
      .addOption(issuerOption())
      .requiredOption('--machine <id>', 'the machine, which the licence names')
      .requiredOption('--copies <n>', 'how many; never more than no other machine has')
      .option('--id <uuid>', 'id of the allocation: given again, it makes the same again (default: random)'),
  )
    .option('--out <file>', OUT_HELP)
    .option('--json', JSON_HELP)
    .action(async (file, options) => (await import('./licence-ledger.ts')).allocate(file, options))
  withPassphrase(
    licence
      .command('refund')
      .description('give back a copy that failed, or of which nobody knows whether it came to its end')
      .argument('<licence>', LICENCE_HELP)
      .addOption(issuerOption())
      .requiredOption('--machine <id>', 'the machine that made it')
      .requiredOption('--copy <id>', 'id of the copy, as that machine’s log has it'),
  )
    .option('--out <file>', OUT_HELP)
    .option('--json', JSON_HELP)
    .action(async (file, options) => (await import('./licence-ledger.ts')).refund(file, options))
  const marks = [
    ['revoke', 'revoked', 'call a licence back for good'],
    ['suspend', 'suspended', 'hold a licence until it is resumed'],
    ['resume', 'resumed', 'let a suspended licence be used again'],
  ] as const
  for (const [name, kind, description] of marks) {
    licence
      .command(name)
      .description(`${description}, with the next status list`)
      .argument('<licence>', LICENCE_HELP)
      .addOption(issuerOption())
      .option('--reason <text>', 'why, for the issuer’s own ledger')
      .option('--json', JSON_HELP)
      .action(async (file, options) => (await import('./licence-ledger.ts')).mark(kind, file, options))
  }
  const status = licence
    .command('status')
    .description('tell sites which licences were called back, and learn it from issuers')
  addStatusCommands(status)
  withPassphrase(
    status
      .command('publish')
      .description('sign a status list with every licence that has a place in it')
      .addOption(issuerOption())
      .option('--days <n>', 'how long the list may be used at most (default: as each licence itself says)')
      .option('--root <n>', 'for the licences of the issuer’s n-th root (default: the root in force)'),
  )
    .option('--out <file>', OUT_HELP)
    .option('--json', JSON_HELP)
    .action(async (options) => (await import('./licence-ledger.ts')).publishStatus(options))
}

function addLicenseeCommands(licence: Command): void {
  licence
    .command('bundle')
    .description(
      'put a licence and what goes with it into one file: parents, allocations, refunds, status lists',
    )
    .argument('<files...>', 'the files, in any order')
    .requiredOption('--out <file>', 'write it here, never over another file')
    .option('--json', JSON_HELP)
    .action(async (files, options) => (await import('./licence-show.ts')).bundle(files, options))
  withPassphrase(
    licence
      .command('sublicense')
      .description('pass a licence on, as far as its issuer allows; what is not said stays as in the licence')
      .argument('<licence>', 'the licence that is passed on')
      .argument('<order>', 'file with `sublicence-order: 1`, licensee, copies, and what is to be narrower')
      .requiredOption('--key <file>', 'your private key, see `licence delegate-key init`'),
  )
    .option('--out <file>', OUT_HELP)
    .option('--json', JSON_HELP)
    .action(async (file, order, options) =>
      (await import('./licence-pass-on.ts')).sublicense(file, order, options),
    )
  withNewPassphrase(
    licence
      .command('delegate-key')
      .description('keep the key with which a licensee passes licences on')
      .command('init')
      .description('make an Ed25519 key, and tell its public half for the issuer')
      .argument('<file>', 'file to make'),
  )
    .option('--json', JSON_HELP)
    .action(async (file, options) => (await import('./licence-pass-on.ts')).initDelegateKey(file, options))
}

/** For an option that may be given several times; without a default, for help would show it as `[]`. */
function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
