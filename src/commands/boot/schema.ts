import { z } from 'zod'
import { RESTORES } from '../../boot/boot.js'
import { count, hexNumber, range } from '../../render/schema-parts.js'

/** `kho boot --json`. */
export const schema = z
  .strictObject({
    schema: z.literal('kho/boot/1'),
    kernel: z.string(),
    end: z.enum(['done', 'rejected', 'oops', 'loop', 'unknown']),
    why: z.string().nullable().describe('what ended it; null where it came through'),
    steps: z.array(
      z.strictObject({ function: z.string(), message: z.string(), address: hexNumber.nullable() }),
    ),
    reservations: z
      .array(
        z.strictObject({
          start: hexNumber,
          end: hexNumber,
          who: z.string().describe('scratch, fdt, chunk, or block and its order'),
          order: count.nullable(),
          private: hexNumber.nullable().describe('page->private of the head page'),
        }),
      )
      .describe("in the order of the kernel's own calls of memblock_reserve()"),
    extended: z
      .array(range)
      .nullable()
      .describe('what else than scratch early boot may use; null where not known'),
    skipped: z.strictObject({ pages: count, ranges: count }),
    restored: z.array(
      z.strictObject({
        address: hexNumber,
        function: z.enum(RESTORES),
        again: z.boolean(),
        order: count.nullable(),
        failed: z.string().nullable().describe('why it gives NULL'),
        warns: z.boolean(),
        oops: z.boolean().describe('the call faults'),
      }),
    ),
    lookedUp: z
      .array(
        z.strictObject({
          address: hexNumber,
          skipped: z.boolean().describe('false: it is handed to the page allocator'),
          steps: z
            .array(z.strictObject({ node: z.string(), slot: count.nullable(), bit: count.nullable() }))
            .describe('as far down as there are tables'),
        }),
      )
      .describe('what was asked with --look-up'),
    assumptions: z.array(z.string()),
  })
  .describe('kho boot: what one reading kernel does with a state, step by step')
