import * as z from 'zod'
import { type LayoutFile, SHOWS } from '../../formats/described/index.js'

/** A name that becomes a segment of paths. */
const NAME = z
  .string()
  .max(64)
  .regex(/^(?!__)[A-Za-z_][A-Za-z0-9_]*$/, 'expected a name such as nr_devices')

const MOST_BYTES = 2 ** 20
/** More than any kernel preserves with one pointer: 1 TiB. */
const MOST_PAGES = 2 ** 28
const MOST_NAMES = 1024

/** `u64`, `addr`, `chars[48]`, `bytes[16]`, `kho_vmalloc`, or a structure of the file. */
const TYPE = z
  .string()
  .max(64)
  .regex(
    /^([A-Za-z_][A-Za-z0-9_]*|(chars|bytes)\[\d{1,6}\])$/,
    'expected u8 to u64, s8 to s64, addr, chars[N], bytes[N], kho_vmalloc or a structure',
  )

const TARGET = z.union(
  [
    z.strictObject({ struct: NAME }),
    z.strictObject({ blocks: NAME }),
    z.strictObject({ chain: NAME }),
    z.strictObject({ vmalloc: NAME, count: NAME }),
    z.strictObject({ pages: z.union([z.literal('block'), z.int().min(1).max(MOST_PAGES)]) }),
    z.strictObject({ tail: NAME }),
    z.strictObject({ folio: NAME }),
    z.strictObject({ tables: z.union([NAME, z.int().min(0).max(6)]) }),
  ],
  'expected one of { struct: S }, { blocks: S }, { chain: S }, { vmalloc: S, count: FIELD }, { tail: S }, { pages: N }, { pages: block }, { folio: BITS }, { tables: LEVELS }',
)

const FIELD = z.strictObject({
  at: z.int().min(0).max(MOST_BYTES),
  type: TYPE,
  doc: z.string().optional(),
  to: TARGET.optional(),
  is: z.array(z.int()).min(1).max(MOST_NAMES).optional(),
  not: z.array(z.int()).min(1).max(MOST_NAMES).optional(),
  bits: z.record(NAME, z.tuple([z.int().min(0).max(63), z.int().min(1).max(64)])).optional(),
  show: z.enum(SHOWS).optional(),
})

const STRUCT = z.strictObject({
  size: z.int().min(1).max(MOST_BYTES).optional(),
  doc: z.string().optional(),
  content: z.strictObject({ folios: NAME, index: NAME, size: NAME, uptodate: NAME.optional() }).optional(),
  beside: z.string().min(1).max(64).optional(),
  fields: record(NAME, FIELD),
})

/** One structure, or several of which the first that fits is taken. */
const USES = record(z.string().min(1).max(64), z.union([NAME, z.array(NAME).min(1).max(16)])).optional()

/** A layout file. */
export const LAYOUT: z.ZodType<LayoutFile> = z
  .strictObject({
    title: z.string().max(200).optional(),
    posted: z.strictObject({ series: z.string().max(200), date: z.string().max(40) }).optional(),
    handlers: USES,
    flbs: USES,
    children: USES,
    structs: record(NAME, STRUCT),
  })
  .refine(
    ({ handlers, flbs, children }) => (handlers ?? flbs ?? children) !== undefined,
    'expected who hands it over: handlers, flbs or children, such as handlers: { my-file-v1: my_ser }',
  )

/** Names that a person can have written. */
function record<K extends z.core.$ZodRecordKey, V extends z.ZodType>(key: K, value: V) {
  return z
    .record(key, value)
    .refine(given => Object.keys(given).length <= MOST_NAMES, `expected at most ${MOST_NAMES} names`)
}
