import { z } from 'zod'
import { byteString, count, decimal, hexBytes, hexNumber } from './schema-parts.js'

const property = z.strictObject({
  name: byteString,
  length: count,
  text: byteString.nullable().describe('NUL between strings; null where the bytes are no printable strings'),
  u64: hexNumber.nullable().describe('little-endian; null where the length is not 8'),
  bytes: hexBytes,
})

const node = z.strictObject({
  name: byteString,
  properties: z.array(property),
  get children() {
    return z.array(node)
  },
})

const vmalloc = z.strictObject({
  address: hexNumber.nullable(),
  first: hexNumber.nullable(),
  totalPages: count,
  flags: count,
  order: count,
  complete: z.boolean(),
  chunks: z.array(hexNumber),
  runs: z.array(hexNumber.nullable()),
})

const metadata = z.strictObject({ version: count, previousRelease: byteString, kexecCount: count })

const memblock = z.strictObject({
  compatible: byteString,
  regions: z.array(
    z.strictObject({
      name: byteString,
      compatible: byteString.nullable(),
      start: hexNumber.nullable(),
      size: count.nullable(),
    }),
  ),
})

const khoTest = z.strictObject({
  compatible: byteString,
  magic: hexNumber.nullable(),
  nrFolios: count.nullable(),
  csum: hexNumber.nullable(),
  form: z.enum(['array', 'vmalloc']).nullable(),
  vmalloc: vmalloc.nullable(),
  folios: z.array(z.strictObject({ address: hexNumber.nullable(), order: count })),
})

const folio = z.strictObject({
  index: z.number().nonnegative(),
  pfn: count,
  address: hexNumber.nullable().describe('null for a hole'),
  order: count.nullable().describe('null where no preserved block begins'),
  dirty: z.boolean(),
  uptodate: z.boolean(),
})

const memfd = z.strictObject({
  version: z.union([z.literal(1), z.literal(2)]),
  address: hexNumber,
  position: count.nullable(),
  size: count.nullable(),
  seals: count.nullable(),
  flags: count.nullable(),
  nrFolios: count.nullable(),
  vmalloc: vmalloc.nullable(),
  folios: z.array(folio),
})

const blocks = z.array(z.strictObject({ address: hexNumber, count: count.nullable() }))

const luo = z.strictObject({
  form: z.enum(['fdt', 'struct']),
  compatible: byteString,
  liveupdateNumber: count.nullable(),
  sessionsAddress: hexNumber.nullable(),
  flbsAddress: hexNumber.nullable(),
  blocks,
  sessions: z.array(
    z.strictObject({
      name: byteString,
      filesAddress: hexNumber.nullable(),
      fileCount: count.nullable(),
      blocks,
      files: z.array(
        z.strictObject({ token: decimal, compatible: byteString, data: hexNumber, memfd: memfd.nullable() }),
      ),
    }),
  ),
  flbCount: count.nullable(),
  flbs: z.array(z.strictObject({ name: byteString, data: hexNumber, count: count.nullable() })),
})

const fdt = z.strictObject({ compatible: byteString.nullable(), tree: node })

const inline = z.strictObject({
  compatible: byteString.nullable(),
  node,
  areas: z.array(z.strictObject({ path: z.string(), start: hexNumber.nullable(), size: count.nullable() })),
})

function blobOf<F extends string, V extends z.ZodType>(formats: readonly [F, ...F[]], value: V) {
  return z.strictObject({
    name: byteString,
    address: hexNumber.nullable(),
    size: count.nullable(),
    format: z.enum(formats),
    value: value.nullable().describe('null where the dump lacks the bytes, or nobody knows them'),
  })
}

/** What one child of the root FDT hands over: `format` says what `value` is. */
export const blob = z.union([
  blobOf(['kexec-metadata-1'], metadata),
  blobOf(['memblock-v1', 'reserve_mem-v1'], memblock),
  blobOf(['kho-test-v1'], khoTest),
  blobOf(['luo-v5', 'luo-v1'], luo),
  blobOf(['vmalloc'], vmalloc),
  blobOf(['fdt'], fdt),
  blobOf(['node'], inline),
  blobOf(['bytes'], z.null()),
])
