import * as z from 'zod'
import type { DescribedField, DescribedStruct, Description, Target } from '../../formats/described/index.js'
import type { ScalarType } from '../../formats/layout/index.js'

/** A name that becomes a segment of paths. */
const NAME = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'expected a name such as nr_devices')

const OFFSET = z
  .int()
  .min(0)
  .max(2 ** 20)

const SCALARS: Readonly<Record<string, { type: ScalarType; signed: boolean }>> = {
  u8: { type: 'u8', signed: false },
  u16: { type: 'u16', signed: false },
  u32: { type: 'u32', signed: false },
  u64: { type: 'u64', signed: false },
  s8: { type: 'u8', signed: true },
  s16: { type: 'u16', signed: true },
  s32: { type: 'u32', signed: true },
  s64: { type: 'u64', signed: true },
  addr: { type: 'addr', signed: false },
}

/** `u64`, `addr`, `chars[48]`, `bytes[16]`, `kho_vmalloc`, or a structure of the file. */
const TYPE = z
  .string()
  .regex(
    /^([A-Za-z_][A-Za-z0-9_]*|(chars|bytes)\[\d{1,6}\])$/,
    'expected u8 to u64, addr, chars[N], bytes[N] or a structure',
  )
  .transform(text => {
    const sized = /^(chars|bytes)\[(\d+)\]$/.exec(text)
    if (sized !== null) {
      return { type: sized[1] as 'chars' | 'bytes', signed: false, length: Number(sized[2]) }
    }
    const scalar = Object.hasOwn(SCALARS, text) ? SCALARS[text]! : null
    return { ...(scalar ?? { type: { struct: text }, signed: false }), length: null }
  })

const TARGET: z.ZodType<Target, unknown> = z.union([
  z
    .object({ struct: NAME })
    .strict()
    .transform(({ struct }): Target => ({ kind: 'struct', struct })),
  z
    .object({ blocks: NAME })
    .strict()
    .transform(({ blocks }): Target => ({ kind: 'blocks', struct: blocks })),
  z
    .object({ chain: NAME })
    .strict()
    .transform(({ chain }): Target => ({ kind: 'chain', struct: chain })),
  z
    .object({ vmalloc: NAME, count: NAME })
    .strict()
    .transform(({ vmalloc, count }): Target => ({ kind: 'vmalloc', struct: vmalloc, count })),
  z
    .object({
      pages: z.union([
        z.literal('block'),
        z
          .int()
          .min(1)
          .max(2 ** 40),
      ]),
    })
    .strict()
    .transform(({ pages }): Target => ({ kind: 'pages', pages: pages === 'block' ? null : pages })),
  z
    .object({ tail: NAME })
    .strict()
    .transform(({ tail }): Target => ({ kind: 'tail', struct: tail })),
  z
    .object({ folio: NAME })
    .strict()
    .transform(({ folio }): Target => ({ kind: 'folio', bits: folio })),
  z
    .object({ tables: z.union([NAME, z.int().min(0).max(6)]) })
    .strict()
    .transform(({ tables }): Target => ({ kind: 'tables', levels: tables })),
])

const FIELD = z
  .object({
    at: OFFSET,
    type: TYPE,
    doc: z.string().default(''),
    to: TARGET.optional(),
    is: z.array(z.int()).min(1).optional(),
    bits: z.record(NAME, z.tuple([z.int().min(0).max(63), z.int().min(1).max(64)])).default({}),
  })
  .strict()

const STRUCT = z
  .object({
    size: z
      .int()
      .min(1)
      .max(2 ** 20)
      .optional(),
    doc: z.string().default(''),
    fields: z.record(NAME, FIELD),
  })
  .strict()
  .transform(
    ({ size, doc, fields }): DescribedStruct => ({
      size: size ?? null,
      doc,
      fields: Object.entries(fields).map(
        ([name, { at, type, doc: text, to, is, bits }]): DescribedField => ({
          name,
          offset: at,
          type: type.type,
          length: type.length,
          signed: type.signed,
          bits: Object.entries(bits).map(([bit, [shift, width]]) => ({ name: bit, shift, width })),
          doc: text,
          to: to ?? null,
          is: is?.map(BigInt) ?? null,
        }),
      ),
    }),
  )

/** One structure, or several of which the first that fits is taken. */
const USES = z
  .record(z.string().min(1).max(64), z.union([NAME.transform(name => [name]), z.array(NAME).min(1)]))
  .default({})

/** A layout file. */
export const LAYOUT = z
  .object({
    title: z.string().default('structures that the user describes'),
    posted: z.object({ series: z.string(), date: z.string() }).strict().optional(),
    handlers: USES,
    flbs: USES,
    children: USES,
    structs: z.record(NAME, STRUCT),
  })
  .strict()
  .transform(({ posted, ...rest }): Description => ({ ...rest, posted: posted ?? null }))
