import * as z from 'zod'
import { CONTENTS, FDT_NODE } from './contents-schema.js'
import { ADDRESS, COUNT, COUNT_OR_ZERO, RANGE, SIZE, SIZE_OR_ZERO, U64 } from './quantity.js'
import { issueText } from './wording.js'

const ORDER = z.number().int().min(0).max(40)
const WHERE = z.union([z.literal('auto'), ADDRESS]).default('auto')
const NAME = z.string().min(1)

const MEMFD = z
  .object({
    token: U64,
    size: SIZE_OR_ZERO,
    order: ORDER.default(0),
    contents: CONTENTS.default('zero'),
    /** Parts of the file that were never written: zeros, in folios that preserving allocates. */
    holes: z.array(RANGE).default([]),
    pos: COUNT_OR_ZERO.default(0),
    seals: z.number().int().min(0).max(0x3f).default(0),
  })
  .strict()

/** A structure that a layout tells: its fields by name (docs/layouts.md). */
const STRUCT = z.record(z.string().max(64), z.unknown())

const FILE = z
  .object({
    token: U64,
    /** The compatible string of its handler. */
    handler: NAME.max(47),
    data: U64.optional(),
    struct: STRUCT.optional(),
    /** Which of several structures of the handler. */
    type: NAME.optional(),
  })
  .strict()
  .refine(({ data, struct }) => data === undefined || struct === undefined, {
    message: 'expected one of data and struct, such as struct: { domain: 0, bdf: 0x18 }',
  })

/** What each call takes, by its name. Names are the kernel's where it has one. */
export const CALLS = {
  preserve_folio: z.object({ address: WHERE, order: ORDER, contents: CONTENTS.default('none') }).strict(),
  unpreserve_folio: z.object({ address: ADDRESS, order: ORDER }).strict(),
  preserve_pages: z.object({ address: WHERE, pages: COUNT, contents: CONTENTS.default('none') }).strict(),
  unpreserve_pages: z.object({ address: ADDRESS, pages: COUNT }).strict(),
  preserve_phys: z.object({ address: WHERE, size: SIZE, contents: CONTENTS.default('none') }).strict(),
  unpreserve_phys: z.object({ address: ADDRESS, size: SIZE }).strict(),
  preserve_vmalloc: z
    .object({
      name: NAME,
      pages: COUNT,
      order: ORDER.max(18).default(0),
      flags: z.number().int().min(0).max(0xffff).optional(),
      contents: CONTENTS.default('none'),
      addresses: z.array(ADDRESS).optional(),
      chunks: z.array(ADDRESS).optional(),
    })
    .strict(),
  unpreserve_vmalloc: z.object({ name: NAME }).strict(),
  preserve_all: z.object({ range: RANGE, order: ORDER }).strict(),
  preserve_random: z
    .object({
      range: RANGE,
      orders: z.array(ORDER).min(1).default([0]),
      density: z.number().gt(0).max(1).optional(),
      count: COUNT.optional(),
      seed: COUNT_OR_ZERO.optional(),
    })
    .strict()
    .refine(({ density, count }) => (density === undefined) !== (count === undefined), {
      message: 'expected one of density (0 to 1) and count, such as density: 0.5',
    }),
  reserve_mem: z
    .object({
      name: NAME,
      size: SIZE,
      align: SIZE.default(4096),
      address: WHERE,
      contents: CONTENTS.default('none'),
    })
    .strict(),
  kho_test: z
    .object({
      size: SIZE.default(512 * 1024),
      order: ORDER.max(10).default(5),
      folios: z.array(z.tuple([ADDRESS, ORDER])).optional(),
    })
    .strict(),
  add_subtree: z
    .object({
      name: NAME,
      size: SIZE.optional(),
      contents: CONTENTS.optional(),
      fdt: FDT_NODE.optional(),
      struct: STRUCT.optional(),
      type: NAME.optional(),
    })
    .strict()
    .refine(
      ({ size, contents, fdt, struct }) =>
        [fdt, struct, size ?? contents].filter(given => given !== undefined).length === 1,
      {
        message:
          'expected one of fdt, struct, or size and contents, such as { name: drv, size: 64, contents: { seed: 1 } }',
      },
    ),
  remove_subtree: z.object({ name: NAME }).strict(),
  luo_session: z
    .object({ name: NAME, memfds: z.array(MEMFD).default([]), files: z.array(FILE).default([]) })
    .strict(),
  luo_flb: z
    .object({
      name: NAME,
      data: U64.optional(),
      count: U64.optional(),
      struct: STRUCT.optional(),
      type: NAME.optional(),
    })
    .strict()
    .refine(({ data, struct }) => data === undefined || struct === undefined, {
      message: 'expected one of data and struct, such as { name: pci, struct: { nr_devices: 0 } }',
    }),
  finalize: z.object({}).strict(),
  kexec: z.object({}).strict(),
} as const

/** The name of a call. */
export type CallName = keyof typeof CALLS

/** What a call was given, checked, with defaults filled in. */
export type CallArguments<N extends CallName> = z.output<(typeof CALLS)[N]>

/** One call of a scenario. */
export type Call = { [N in CallName]: { name: N; args: CallArguments<N> } }[CallName]

/** A file of a session that is no memfd. */
export type FileCall = z.output<typeof FILE>

/** A memfd of a session. */
export type MemfdCall = z.output<typeof MEMFD>

/** One of the list: `finalize`, or `{ preserve_folio: { order: 9 } }`. */
export const CALL = z.unknown().transform((given, context): Call => {
  const object: unknown = typeof given === 'string' ? { [given]: {} } : given
  const entries = typeof object === 'object' && object !== null ? Object.entries(object) : []
  const [entry] = entries
  const schema = entry !== undefined && Object.hasOwn(CALLS, entry[0]) ? CALLS[entry[0] as CallName] : null
  if (entry === undefined || entries.length !== 1 || schema === null) {
    const known = Object.keys(CALLS).join(', ')
    context.addIssue({
      code: 'custom',
      message: `expected one call by its name, such as { preserve_folio: { order: 9 } }; the calls are ${known}`,
    })
    return z.NEVER
  }
  const parsed = schema.safeParse(entry[1] ?? {})
  if (parsed.success) return { name: entry[0], args: parsed.data } as Call
  for (const issue of parsed.error.issues) {
    context.addIssue({ code: 'custom', message: issueText(issue, entry[1]), path: [entry[0], ...issue.path] })
  }
  return z.NEVER
})
