import { z } from 'zod'
import { count, hexNumber } from '../../render/schema-parts.js'

/** `kho convert --json`. */
export const schema = z
  .strictObject({
    schema: z.literal('kho/convert/1'),
    file: z.string(),
    container: z.enum(['raw', 'elf']),
    size: count.describe('bytes of the file'),
    base: hexNumber.describe("physical address of a raw file's first byte"),
    from: z.string(),
    to: z.string(),
    root: hexNumber,
    rootBytes: count,
    trackerAllocations: count.describe('pages and smaller objects of the new tracker'),
    blocks: count,
    bytes: count,
    orders: z.array(z.strictObject({ order: count, blocks: count })),
    losses: z.array(
      z.strictObject({
        code: z.string().regex(/^[A-Z]+(-[A-Z]+)*$/),
        kind: z.enum(['lost', 'changed', 'assumed']),
        path: z.string().nullable(),
        message: z.string(),
      }),
    ),
  })
  .describe('kho convert: what was written, and what could not be carried over')
