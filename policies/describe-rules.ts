import { z } from 'zod'
import { CLASS_NAMES, COMMAND_CLASSES, type CommandClass, type CommandTable } from '../gcode/index.ts'
import type { Rule } from './rule.ts'
import { GUARDED_CLASSES } from './rules/command-classes.ts'
import { RULES } from './rules/index.ts'

/** One option of a rule as documentation gives it. */
export interface OptionDescription {
  /** `maxCelsius`, `sizeMm.x`, `designs[].tier`. */
  readonly name: string
  /** In words: `number`, `list of text`, `one of always, by-tier, never`. */
  readonly type: string
  /** What it does, with its unit. */
  readonly description: string
  readonly isRequired: boolean
  /** As JSON; absent where there is none. */
  readonly default?: string
}

/** One rule as documentation gives it. */
export interface RuleDescription {
  readonly id: string
  readonly summary: string
  readonly why: string
  readonly isImplied: boolean
  readonly isOverridable: boolean
  readonly options: readonly OptionDescription[]
  /** The options as JSON Schema, for forms and editors. */
  readonly schema: unknown
}

/** One class of commands as documentation gives it. */
export interface ClassDescription {
  readonly name: CommandClass
  /** What its commands do. */
  readonly what: string
  /** Denied until a policy allows it by name. */
  readonly isGuarded: boolean
  readonly commands: readonly { readonly name: string; readonly title: string }[]
}

/** What of a JSON Schema is read here. */
interface SchemaNode {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly required?: readonly string[]
  readonly items?: SchemaNode
}

/** Describes every rule and its options, from the very objects that judge. */
export function describeRules(rules: readonly Rule[] = RULES): readonly RuleDescription[] {
  return rules.map((rule) => {
    const schema = z.toJSONSchema(rule.options, { io: 'input' })
    return {
      id: rule.id,
      summary: rule.summary,
      why: rule.why,
      isImplied: rule.isImplied === true,
      isOverridable: rule.isOverridable === true,
      options: describeProperties(schema as SchemaNode, '', true),
      schema,
    }
  })
}

/** Describes every class of commands with its members, for whoever writes `command-classes` into a policy. */
export function describeClasses(dialect: CommandTable): readonly ClassDescription[] {
  return CLASS_NAMES.map((name) => ({
    name,
    what: COMMAND_CLASSES[name],
    isGuarded: GUARDED_CLASSES.includes(name),
    commands: dialect.rows
      .filter((row) => row.class === name)
      .map((row) => ({ name: row.name, title: row.title })),
  }))
}

function describeProperties(
  node: SchemaNode,
  prefix: string,
  isParentRequired: boolean,
): readonly OptionDescription[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, option]) => {
    const name = `${prefix}${key}`
    const isRequired = isParentRequired && (node.required ?? []).includes(key)
    const described: OptionDescription = {
      name,
      type: typeOf(option),
      description: option.description ?? '',
      isRequired,
      ...(option.default !== undefined && { default: JSON.stringify(option.default) }),
    }
    const inside = option.items ?? option
    const insidePrefix = option.items === undefined ? `${name}.` : `${name}[].`
    return [described, ...describeProperties(inside, insidePrefix, isRequired || option.items !== undefined)]
  })
}

function typeOf(node: SchemaNode): string {
  if (node.enum !== undefined) return `one of ${node.enum.map(String).join(', ')}`
  if (node.type === 'array') return `list of ${typeOf(node.items ?? {})}`
  if (node.type === 'object') return 'map'
  if (node.type === 'integer') return 'whole number'
  if (node.type === 'boolean') return 'true or false'
  return node.type === 'string' ? 'text' : (node.type ?? 'anything')
}
