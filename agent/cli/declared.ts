import { type Declared, declaredSchema } from '../control/index.ts'
import { badUsage } from './end.ts'

/** What whoever starts a job declares of it, as flags of `print`, `arm` and `check`. */

export interface DeclaredOptions {
  readonly role?: string
  readonly material?: string
  readonly endUse?: string
  readonly destination?: string
  readonly endUser?: string
}

const MATERIAL_PARTS = ['type', 'vendor', 'lot', 'tag'] as const
const FLAGS: Readonly<Record<string, string>> = {
  role: '--role',
  material: '--material',
  endUse: '--end-use',
  destination: '--destination',
  endUser: '--end-user',
}

/** What was declared, or undefined where nothing was. Throws USAGE. */
export function readDeclared(options: DeclaredOptions): Declared | undefined {
  const { role, material, endUse, destination, endUser } = options
  const said = {
    ...(role !== undefined && { role }),
    ...(material !== undefined && { material: readMaterial(material) }),
    ...(endUse !== undefined && { endUse }),
    ...(destination !== undefined && { destination: destination.toUpperCase() }),
    ...(endUser !== undefined && { endUser }),
  }
  if (Object.keys(said).length === 0) return undefined
  const parsed = declaredSchema.safeParse(said)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const [member = '', part] = (issue?.path ?? []).map(String)
  const what = part === undefined ? 'what it says' : `its \`${part}\``
  throw badUsage(`option \`${FLAGS[member]}\`: ${what} ${issue?.message}`)
}

/** `type=PLA,vendor=X,lot=Y`; a lone `PLA` is its type. */
function readMaterial(text: string): Readonly<Record<string, string>> {
  const said: Record<string, string> = {}
  for (const piece of text.includes('=') ? text.split(',') : [`type=${text}`]) {
    const [, name = '', value = ''] = /^\s*([a-z]+)\s*=\s*(.*?)\s*$/su.exec(piece) ?? []
    const part = MATERIAL_PARTS.find((known) => known === name)
    if (part === undefined) throw wrongMaterial(`\`${piece}\` is none of ${MATERIAL_PARTS.join(', ')}`)
    if (said[part] !== undefined) throw wrongMaterial(`\`${part}\` is given twice`)
    said[part] = value
  }
  if (said['type'] === undefined) throw wrongMaterial('its `type` is missing')
  return said
}

function wrongMaterial(why: string): Error {
  return badUsage(`option \`--material\` wants type=PLA,vendor=NAME,lot=LOT,tag=ID: ${why}`)
}
