import { type Command, Option } from 'commander'

/** The commands about whom a machine trusts, what classes there are, and who is screened. */

const JSON_HELP = 'write one JSON document to standard output instead'
const STATE_HELP = 'folder of keys, trust and log (default: $PORTCULLIS_STATE, else the XDG state folder)'

const stateOption = (): Option => new Option('--state <dir>', STATE_HELP)

export function addTrustCommands(licence: Command): void {
  licence
    .command('trust')
    .description('trust an issuer’s root certificate on this machine, for all or for some of what issuers do')
    .argument('[pem]', 'root.pem of the issuer; with --remove also its fingerprint or its file’s name')
    .option('--name <text>', 'what to call it in the trust store')
    .option('--tiers <list>', 'tiers it may license, with commas: open,registered,controlled,restricted')
    .option('--classes <list>', 'classes it may license, such as eu:1B001,safety:*')
    .option('--countries <list>', 'destination countries it may license for, such as DE,FR')
    .option('--may <list>', 'what it may do besides licensing: exempt,recognise,screen')
    .option('--no-license', 'it may not license designs')
    .option('--exempts-as <list>', 'URIs of authorities in whose name its exemptions may stand')
    .option('--list', 'show whom this machine trusts, and with what')
    .option('--remove', 'trust it no more')
    .option('--json', JSON_HELP)
    .addOption(stateOption())
    .action(async (pem, options) => (await import('./trust.ts')).trust(pem, options))
  licence
    .command('revoke-issuer')
    .description('believe a certificate’s key no more: a signer, an intermediate or a root')
    .argument('<pem>', 'the certificate, the fingerprint of a trusted root, or the SHA-256 of a public key')
    .option(
      '--from-record <n>',
      'go on believing licences of which the log had a copy before this record (default: none)',
    )
    .option('--name <text>', 'why, or whose, in the trust store')
    .option('--json', JSON_HELP)
    .addOption(stateOption())
    .action(async (pem, options) => (await import('./trust.ts')).revoke(pem, options))
  licence
    .command('trust-slicer')
    .description('believe what a slicer attests of the jobs it makes')
    .argument('<id>', 'what licences call the slicer')
    .argument('<keyfile>', 'its Ed25519 public key: PEM, or 32 bytes in base64url')
    .option('--json', JSON_HELP)
    .addOption(stateOption())
    .action(async (id, file, options) => (await import('./trust.ts')).trustSlicerKey(id, file, options))
  licence
    .command('recognise')
    .description('add an authority’s signed recognition of another regime, after verifying it')
    .argument('<file>', 'the recognition')
    .option('--json', JSON_HELP)
    .addOption(stateOption())
    .action(async (file, options) => (await import('./trust.ts')).recognise(file, options))
  licence
    .command('classes')
    .description('show classes of designs and the tiers they ask for, or decide the tier of a part')
    .argument('[code]', 'one class, such as eu:1B001')
    .option('--regime <id>', 'classes of one regime: wa, eu, eu-ml, us-eccn, us-usml, safety, site')
    .option('--search <text>', 'classes that say all of these words')
    .option('--decide', 'ask what the part is, and tell its tier')
    .option('--answer <question=value>', 'answer one of the questions of --decide; repeat for more', collect)
    .option('--json', JSON_HELP)
    .action(async (code, options) => (await import('./classes.ts')).classes(code, options))
  addScreeningCommands(licence)
}

function addScreeningCommands(licence: Command): void {
  const screening = licence
    .command('screening')
    .description('keep the lists of parties, countries and materials that somebody has to look at')
  screening
    .command('add')
    .description('add a signed list, or its newer version, after verifying it')
    .argument('<file>', 'the list')
    .option('--json', JSON_HELP)
    .addOption(stateOption())
    .action(async (file, options) => (await import('./screening.ts')).addList(file, options))
  screening
    .command('list')
    .description('show the lists, their versions, sources and when they expire')
    .option('--json', JSON_HELP)
    .addOption(stateOption())
    .action(async (options) => (await import('./screening.ts')).listLists(options))
  screening
    .command('check')
    .description('tell what a name comes to; exit status 4 where somebody has to look')
    .argument('[name]', 'of a person, a company or a vendor, in any script')
    .option('--destination <country>', 'a country as well, such as DE')
    .option('--lot <lot>', 'a lot of material as well')
    .option('--json', JSON_HELP)
    .addOption(stateOption())
    .action(async (name, options) => (await import('./screening.ts')).checkName(name, options))
}

/** For an option that may be given several times; without a default, for help would show it as `[]`. */
function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
