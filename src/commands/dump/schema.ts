import { z } from 'zod'
import { BLOB, BLOB_KINDS } from '../../model/blob.js'
import type { Field, Kind, Leaf, LeafKind, Many, One } from '../../model/kind.js'
import { DOCUMENT } from '../../model/state.js'
import { byteString, count, decimal, hexBytes, hexNumber } from '../../render/schema-parts.js'

const LEAVES: Readonly<Record<LeafKind, z.ZodType>> = {
  address: hexNumber,
  opaque: hexNumber,
  token: decimal,
  count,
  size: count,
  flag: z.boolean(),
  name: byteString,
  text: z.string(),
  bytes: hexBytes,
}

const REASONS = z
  .record(z.string(), z.string())
  .describe('of what is null because the dump lacks it, or not whole: why')

const made = new Map<Kind<unknown>, z.ZodType>()

/** The schema of a thing: what its fields say. */
function kindSchema(kind: Kind<unknown>): z.ZodType {
  let schema = made.get(kind)
  if (schema === undefined) {
    schema = kind === BLOB ? z.union(Object.values(BLOB_KINDS).map(blobSchema)) : objectSchema(kind)
    made.set(kind, schema)
  }
  return schema
}

/** What one child of the root FDT hands over: `format` says what `value` is. */
function blobSchema({ formats, kind }: (typeof BLOB_KINDS)[keyof typeof BLOB_KINDS]): z.ZodType {
  return objectSchema(BLOB, {
    format: z.enum(formats),
    value: kind === null ? z.null() : kindSchema(kind).nullable(),
  })
}

function objectSchema(kind: Kind<unknown>, known: Record<string, z.ZodType> = {}): z.ZodType {
  const shape: Record<string, z.ZodType> = {}
  let reasons = false
  for (const [name, field] of Object.entries(kind.fields)) {
    if (field.form !== 'leaf' && field.hidden === true) continue
    reasons ||= field.form !== 'leaf' || field.orNull !== undefined
    // A kind may be part of itself: its schema is made when it is asked for.
    Object.defineProperty(shape, name, { enumerable: true, get: () => known[name] ?? fieldSchema(field) })
  }
  if (reasons) shape.notKnown = REASONS.optional()
  return z.strictObject(shape)
}

function fieldSchema(field: Field<unknown>): z.ZodType {
  if (field.form === 'leaf') return leafSchema(field)
  const schema = field.form === 'many' ? listSchema(field) : thingSchema(field)
  const nullable = field.form === 'many' || field.orNull !== undefined ? schema.nullable() : schema
  const doc = field.form === 'one' ? field.orNull : 'null where it is not known'
  return doc === undefined ? nullable : nullable.describe(doc)
}

/** What a layout tells has the fields that the layout gives it. */
const TOLD = z.record(z.string(), z.unknown()).describe('fields of the structure, as its layout has them')

function thingSchema({ kinds, open }: One<unknown>): z.ZodType {
  return open === true ? TOLD : z.union(kinds.map(kindSchema))
}

function listSchema({ of }: Many<unknown>): z.ZodType {
  return z.array('form' in of ? leafSchema(of) : kindSchema(of))
}

function leafSchema({ kind, values, huge, orNull, doc }: Leaf<unknown>): z.ZodType {
  const plain = huge === true ? z.number().nonnegative() : LEAVES[kind]
  const schema = values === undefined ? plain : z.literal([...values])
  const nullable = orNull === undefined ? schema : schema.nullable()
  const text = [doc, orNull].filter(part => part !== undefined).join('; ')
  return text === '' ? nullable : nullable.describe(text)
}

const document = z.strictObject({
  schema: z.literal('kho/dump/1'),
  ...(kindSchema(DOCUMENT) as z.ZodObject).shape,
})

const part = z.strictObject({
  schema: z.literal('kho/dump/1'),
  path: z.string().describe('the part, in the grammar of docs/cli.md'),
  value: z.unknown().describe('the part as it is, or a list of what the document only counts'),
})

const parts = z.strictObject({
  schema: z.literal('kho/dump/1'),
  parts: z.array(z.strictObject({ path: z.string(), value: z.unknown() })).describe('of a pattern'),
})

/** `kho dump --json`: the whole state, the part at a path, or those that are like a pattern. */
export const schema = z.union([document, part, parts])
