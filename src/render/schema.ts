import { z } from 'zod'
import { captureSchema } from './capture-schema.js'
import { compareSchema } from './compare-schema.js'
import { convertSchema } from './convert-schema.js'
import { diffSchema } from './diff-schema.js'
import { dumpSchema } from './dump-schema.js'
import { extractSchema } from './extract-schema.js'
import { hexSchema } from './hex-schema.js'
import { pagesSchema } from './pages-schema.js'
import { replaySchema } from './replay-schema.js'
import { rulesSchema } from './rules-schema.js'
import { slimSchema } from './slim-schema.js'
import { validateSchema } from './validate-schema.js'
import { whoisSchema } from './whois-schema.js'

const SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  dump: dumpSchema,
  pages: pagesSchema,
  validate: validateSchema,
  whois: whoisSchema,
  hex: hexSchema,
  diff: diffSchema,
  extract: extractSchema,
  slim: slimSchema,
  convert: convertSchema,
  compare: compareSchema,
  rules: rulesSchema,
  replay: replaySchema,
  capture: captureSchema,
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
