import { type Command, Option } from 'commander'

/** The commands of the log: to read it, check it, prove what is in it, and to add what people add. */

const JSON_HELP = 'write one JSON document to standard output instead'
const LOG_ARGUMENT = 'folder of the log, or a state folder (default: the state folder)'
const STATE_HELP =
  'folder of keys and log (default: that of --config, $PORTCULLIS_STATE, the XDG state folder)'
const CONFIG_HELP = 'configuration of the gate: its state folder, and what the site has set for its log'
const TRUST_HELP = 'whose log it must be, and which witnesses must have cosigned (C2SP tlog-policy)'
const APPEAL_DAYS_HELP = 'days within which an appeal may be filed (default: those of --config, else 30)'
const BY_HELP = 'who says so (default: the user who runs this)'

/** An option that can be given several times; it takes nothing that stands behind its value. */
const several = (flags: string, help: string): Option =>
  new Option(flags, `${help}; can be given several times`).argParser(
    (value: string, before: readonly string[] | undefined) => [...(before ?? []), value],
  )

/** Which site is meant. */
function ofSite(command: Command): Command {
  return command
    .addOption(new Option('--state <dir>', STATE_HELP))
    .addOption(new Option('--config <file>', CONFIG_HELP))
}

export function addAuditCommands(program: Command): void {
  const audit = program.command('audit').description('read, verify and prove the log, and answer for it')
  addReading(audit)
  addProving(audit)
  addTelling(audit)
  addPeople(audit)
  addSampling(audit)
  addPrivacy(audit)
}

function addReading(audit: Command): void {
  const filters = (command: Command): Command =>
    ofSite(
      command
        .argument('[dir]', LOG_ARGUMENT)
        .option('--from <index>', 'the first record to show')
        .addOption(several('--kind <kind>', 'only records of this kind'))
        .option('--job <id>', 'only records of this job, by the beginning of its id')
        .option('--since <time>', 'only records since this time, as the clock said'),
    ).option('--json', 'write one JSON object a record')
  filters(audit.command('show'))
    .description('list the records of a log')
    .action(async (dir, options) => (await import('./audit.ts')).show(dir, options))
  filters(audit.command('tail').option('-f, --follow', 'and each that comes, until this is interrupted'))
    .description('list the last records')
    .action(async (dir, options) => (await import('./audit.ts')).tail(dir, options))
  ofSite(
    audit
      .command('verify')
      .description(
        'verify a whole log: every record, in order, unaltered, every signed head, and what the side table holds of it',
      )
      .argument('[dir]', LOG_ARGUMENT)
      .addOption(several('--against <file>', 'a checkpoint of this log that was kept elsewhere'))
      .option('--policy <file>', 'which key the log must have, and which witnesses must have cosigned')
      .option('--copy', 'the folder is a copy of what is published, without the journal'),
  )
    .option('--json', JSON_HELP)
    .action(async (dir, options) => (await import('./audit-verify.ts')).verify(dir, options))
  ofSite(
    audit
      .command('record')
      .description('write the bytes of one record as they stand in the log')
      .argument('<index>', 'number of the record')
      .argument('[dir]', LOG_ARGUMENT),
  ).action(async (index, dir, options) => (await import('./audit.ts')).record(index, dir, options))
}

function addProving(audit: Command): void {
  ofSite(
    audit
      .command('prove')
      .description('write a file that proves one record to be in the log (C2SP tlog-proof)')
      .argument('<index>', 'number of the record')
      .argument('[dir]', LOG_ARGUMENT)
      .requiredOption('--out <file>', 'file to write, or - for standard output'),
  ).action(async (index, dir, options) => (await import('./audit-proof.ts')).prove(index, dir, options))
  audit
    .command('verify-proof')
    .description('check such a file, on any machine')
    .argument('<file>', 'the proof')
    .option('--policy <file>', TRUST_HELP)
    .option('--key <key>', "the log's key, in place of a policy")
    .option('--record <file>', 'the record, where the proof does not hold it')
    .option('--json', JSON_HELP)
    .action(async (file, options) => (await import('./audit-proof.ts')).verifyProof(file, options))
  ofSite(
    audit
      .command('policy')
      .description('write what others need to check proofs of this log: its key and its witnesses')
      .argument('[dir]', LOG_ARGUMENT)
      .option('--witnesses <file>', 'policy of its witnesses, to be passed on (default: that of --config)'),
  ).action(async (dir, options) => (await import('./audit-proof.ts')).policy(dir, options))
  ofSite(
    audit
      .command('receipt')
      .description('write a decision as a signed file that anybody can check without the log')
      .argument('<decision>', 'number of its record, or its id')
      .argument('[dir]', 'state folder (default: that of --state)')
      .requiredOption('--out <file>', 'file to write, or - for standard output')
      .option('--name-operator', 'tell who asked for the job')
      .option('--appeal-days <days>', APPEAL_DAYS_HELP),
  )
    .option('--json', JSON_HELP)
    .action(async (which, dir, options) =>
      (await import('./audit-receipt.ts')).exportReceipt(which, dir, options),
    )
  audit
    .command('verify-receipt')
    .description('check such a file, on any machine')
    .argument('<file>', 'the receipt')
    .option('--policy <file>', TRUST_HELP)
    .option('--serial <number>', 'serial number of the part that it must be the receipt of')
    .option('--json', JSON_HELP)
    .action(async (file, options) => (await import('./audit-receipt.ts')).checkReceipt(file, options))
}

/** What is made of the log for others. */
function addTelling(audit: Command): void {
  ofSite(
    audit
      .command('incidents')
      .description('list what was found in the log that needs a look, and exactly what would leave of it')
      .option('--index <index>', 'only the incident that this record tells of, with all that would leave')
      .option('--export <file>', 'write the events to this new file, and put that on record')
      .option('--by <name>', BY_HELP),
  )
    .option('--json', JSON_HELP)
    .action(async (options) => (await import('./audit-desk.ts')).tellIncidents(options))
  ofSite(
    audit
      .command('report')
      .description('count what is in the log, for the site, for a licensor or for the public')
      .argument('[dir]', LOG_ARGUMENT)
      .option('--for <audience>', 'site, licensor or public (default: site)')
      .option('--licence <id>', 'the licence that a licensor’s report is on, as `licence usage` names it')
      .option('--from <date>', 'the first day or month that is counted')
      .option('--to <date>', 'the last')
      .option('--zone <name>', 'time zone of weekdays and hours (default: UTC)')
      .option('--html <file>', 'write it to this new file, as a page with charts')
      .option('--csv <dir>', 'write it to this folder, as tables'),
  )
    .option('--json', JSON_HELP)
    .action(async (dir, options) => (await import('./audit-report.ts')).report(dir, options))
  ofSite(
    audit
      .command('case')
      .description('show what would be told of a refusal, before somebody approves that')
      .argument('<decision>', 'number of its record')
      .argument('[dir]', LOG_ARGUMENT),
  )
    .option('--json', JSON_HELP)
    .action(async (index, dir, options) =>
      (await import('./audit-report.ts')).previewCase(index, dir, options),
    )
}

/** What people add goes to the log itself, or through the gate that has it open. */
function byPeople(command: Command): Command {
  return ofSite(command.option('--by <name>', BY_HELP)).option('--json', JSON_HELP)
}

function addPeople(audit: Command): void {
  byPeople(
    audit
      .command('appeal')
      .argument('<decision>', 'number of its record')
      .requiredOption('--text <text>', 'why it was wrong, or - for standard input')
      .option('--appeal-days <days>', APPEAL_DAYS_HELP),
  )
    .description('dispute a decision that denied or held a job')
    .action(async (index, options) => (await import('./audit-desk.ts')).fileAppeal(index, options))
  byPeople(
    audit
      .command('answer-appeal')
      .argument('<appeal>', 'number of its record')
      .option('--upheld', 'the appeal was right')
      .option('--rejected', 'the decision stands')
      .option('--withdrawn', 'it was taken back')
      .requiredOption('--reason <text>', 'why'),
  )
    .description('put on record what came of an appeal')
    .action(async (index, options) => (await import('./audit-desk.ts')).answerAppeal(index, options))
  byPeople(audit.command('approve-case').argument('<decision>', 'number of its record'))
    .description('let a refusal be told outside: without person, file or geometry')
    .action(async (index, options) => (await import('./audit-desk.ts')).approveCase(index, options))
}

function addSampling(audit: Command): void {
  ofSite(
    audit
      .command('sample')
      .description('draw decisions for review, by a lot that nobody can steer')
      .option('--count <number>', 'how many (default: 5)')
      .option('--tier <tier>', 'only of this tier: open, registered, controlled or restricted')
      .option('--from <index>', 'the first record that counts (default: where the last sample ended)')
      .option('--policy <file>', 'witnesses whose signature is the lot (default: those of --config)')
      .option('--beacon <value>', 'value of a public beacon that was named beforehand, in their place'),
  )
    .option('--json', JSON_HELP)
    .action(async (options) => (await import('./audit-desk.ts')).drawSample(options))
  byPeople(
    audit
      .command('review')
      .argument('<sample>', 'number of the record of the sample')
      .argument('<decision>', 'number of the record of a decision that it drew')
      .requiredOption('--finding <finding>', 'sound, doubtful or wrong')
      .option('--lesson <code>', 'what is learned from it, as a code that reports count by')
      .option('--note <text>', 'in words'),
  )
    .description('put on record what was found in a decision that was drawn')
    .action(async (sample, decision, options) =>
      (await import('./audit-desk.ts')).reviewDecision(sample, decision, options),
    )
}

function addPrivacy(audit: Command): void {
  byPeople(
    audit
      .command('erase')
      .argument('<subject>', 'subject (s-...), or the name of a person')
      .option('--force', 'though an appeal by them, or about a job of theirs, has no answer yet'),
  )
    .description(
      'erase names, file names and texts of a person; the log still verifies. Not while an appeal of theirs is open',
    )
    .action(async (subject, options) => (await import('./audit-desk.ts')).eraseSubject(subject, options))
  ofSite(audit.command('subjects'))
    .description('list who is in the side table')
    .option('--json', JSON_HELP)
    .action(async (options) => (await import('./audit-desk.ts')).listSubjects(options))
}
