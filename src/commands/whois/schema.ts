import { z } from 'zod'
import { absence, count, hexNumber } from '../../render/schema-parts.js'
import { MEMORY_KINDS } from '../../whois/whois.js'

const block = z.strictObject({ address: hexNumber, order: count })

/** `kho whois --json`. */
export const schema = z
  .strictObject({
    schema: z.literal('kho/whois/1'),
    addresses: z.array(
      z.strictObject({
        address: hexNumber,
        preserved: z.boolean(),
        block: block.nullable(),
        overlapping: z.array(block).describe('further blocks that hold the address'),
        trackerPath: z.string().nullable().describe('from the root down to the bit, steps apart by " > "'),
        tracker: z
          .array(z.strictObject({ node: z.string(), slot: count.nullable(), bit: count.nullable() }))
          .describe('the same, step by step'),
        owners: z.array(
          z.strictObject({
            path: z.string(),
            heldAs: z.string().nullable().describe('what user space calls it, where systemd says so'),
            kind: z.enum(['metadata', 'data', 'blob']),
            version: z.string().nullable(),
            start: hexNumber,
            end: hexNumber,
            preserved: z.boolean().describe('false for what is not meant to be preserved'),
          }),
        ),
        moreOwners: count,
        memory: z.enum(MEMORY_KINDS),
        absent: absence.nullable().describe('why the dump has no bytes there; null where it has'),
        previous: block.nullable(),
        next: block.nullable(),
        hints: z.array(z.string()),
      }),
    ),
  })
  .describe('kho whois: what each address is. With --ndjson each line is an element of addresses')
