import { z } from 'zod'
import { dumpSchema } from './dump-schema.js'
import { pagesSchema } from './pages-schema.js'

const SCHEMAS: Readonly<Record<string, z.ZodType>> = { dump: dumpSchema, pages: pagesSchema }

/** Commands whose JSON output has a published schema. */
export function schemaNames(): string[] {
  return Object.keys(SCHEMAS)
}

/** The JSON Schema (draft 2020-12) of a command's output; null for a name that has none. */
export function schemaOf(name: string): object | null {
  const schema = Object.hasOwn(SCHEMAS, name) ? SCHEMAS[name] : undefined
  if (schema === undefined) return null
  return { $id: `kho/${name}/1`, ...z.toJSONSchema(schema) }
}
