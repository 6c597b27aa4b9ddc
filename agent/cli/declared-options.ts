import type { Command } from 'commander'

/** The flags by which whoever starts a job declares what nobody can measure; `declared.ts` reads them. */
export function addDeclaredOptions(command: Command): Command {
  return command
    .option('--role <role>', 'as what they do so, where a licence names roles')
    .option('--material <parts>', 'what is loaded: type=PLA,vendor=NAME,lot=LOT,tag=ID')
    .option('--end-use <code>', 'what the part is for, where a licence binds that')
    .option('--destination <country>', 'where it goes: a country code (ISO 3166-1), such as DE')
    .option('--end-user <name>', 'who gets it')
}
