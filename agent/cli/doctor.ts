import { isAbsolute, join, resolve } from 'node:path'
import { loadGateConfig } from '../config/index.ts'
import { type Examination, examine, type Finding, type Level, nodeWorld } from '../doctor/index.ts'
import { EXIT } from '../errors.ts'
import { defaultStatePath } from '../state-folder.ts'
import { bold, dim, green, red, say, sayJson, yellow } from './output.ts'
import { packageFolder } from './ready-policies.ts'

export interface DoctorOptions {
  readonly config: string
  readonly state?: string
  readonly json?: true
}

/** `portcullis doctor`: can anyone go round the gate, and does it stand on sound ground? Exit status 1 where not. */
export function doctor(options: DoctorOptions): void {
  const config = loadGateConfig(options.config)
  const program = packageFolder()
  const examination = examine(nodeWorld(), {
    config,
    state: resolve(options.state ?? config.state ?? defaultStatePath(process.env)),
    program,
    node: process.execPath,
    policy: isAbsolute(config.policy)
      ? config.policy
      : join(program, 'policies', 'library', `${config.policy}.yaml`),
  })
  if (!examination.ok) process.exitCode = EXIT.fault
  if (options.json) sayJson(examination)
  else say(...examinationLines(examination))
}

/** The worst first. */
const LEVELS: readonly { level: Level; mark: string; one: string; many: string }[] = [
  { level: 'fail', mark: red('✗'), one: 'failure', many: 'failures' },
  { level: 'warn', mark: yellow('!'), one: 'warning', many: 'warnings' },
  { level: 'note', mark: '·', one: 'note', many: 'notes' },
  { level: 'ok', mark: green('✓'), one: 'in order', many: 'in order' },
]

/** The findings by level, and a line that sums them up. */
export function examinationLines({ ok, findings }: Examination): readonly string[] {
  const groups = LEVELS.map((kind) => ({
    ...kind,
    found: findings.filter(({ level }) => level === kind.level),
  }))
  const counts = groups
    .filter(({ found }) => found.length > 0)
    .map(({ found, one, many }) => `${found.length} ${found.length === 1 ? one : many}`)
  const verdict = ok
    ? findings.some(({ level }) => level === 'warn')
      ? bold(yellow('nothing fails, but see the warnings'))
      : bold(green('sound'))
    : bold(red('not sound'))
  return [
    ...groups.flatMap(({ mark, found }) =>
      found.length === 0 ? [] : [...found.flatMap(linesWith(mark)), ''],
    ),
    `${verdict}  ${counts.join(', ')}`,
  ]
}

/** The longest name of a check. */
const ID_CHARS = 13

const linesWith =
  (mark: string) =>
  ({ id, message, remedy }: Finding): readonly string[] => {
    const line = `${mark} ${dim(id.padEnd(ID_CHARS))}  ${message}`
    return remedy === null ? [line] : [line, dim(`${' '.repeat(ID_CHARS + 4)}what to do: ${remedy}`)]
  }
