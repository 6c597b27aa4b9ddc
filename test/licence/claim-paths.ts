/** Every claim of the schema by its path, such as `design.digests.form`: lists and alternatives looked through. */
import { z } from 'zod'
import { claimsSchema } from '../../agent/licence/claims.ts'

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
}

export function claimPaths(): readonly string[] {
  return [...new Set(pathsOf(z.toJSONSchema(claimsSchema) as JsonSchema, ''))]
}

function pathsOf({ properties, items, anyOf, oneOf }: JsonSchema, path: string): readonly string[] {
  const alternatives = anyOf ?? oneOf
  if (alternatives !== undefined) return alternatives.flatMap((one) => pathsOf(one, path))
  if (properties !== undefined) {
    return Object.entries(properties).flatMap(([name, inner]) =>
      pathsOf(inner, path === '' ? name : `${path}.${name}`),
    )
  }
  return items === undefined ? [path] : pathsOf(items, path)
}
