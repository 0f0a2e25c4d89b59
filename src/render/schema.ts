import { z } from 'zod'
import { dumpSchema } from './dump-schema.js'
import { extractSchema } from './extract-schema.js'
import { hexSchema } from './hex-schema.js'
import { pagesSchema } from './pages-schema.js'
import { whoisSchema } from './whois-schema.js'

const SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  dump: dumpSchema,
  pages: pagesSchema,
  whois: whoisSchema,
  hex: hexSchema,
  extract: extractSchema,
}

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
