import { VERSION } from './version.ts'

/** The command's entry. `--version` answers before anything else is loaded; everything else loads what it needs. */
const [first] = process.argv.slice(2)
if (first === '--version' || first === '-V') process.stdout.write(`${VERSION}\n`)
else {
  const { runCommand } = await import('./command.ts')
  await runCommand(process.argv)
}
