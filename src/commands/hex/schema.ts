import { z } from 'zod'
import { absence, count, hexBytes, hexNumber } from '../../render/schema-parts.js'

/** `kho hex --json`. */
export const schema = z.strictObject({
  schema: z.literal('kho/hex/1'),
  path: z.string().nullable().describe('null for an address'),
  what: z.string(),
  extents: z.array(z.strictObject({ address: hexNumber, size: count })),
  spans: z
    .array(
      z.strictObject({
        kind: z.enum(['heading', 'note', 'field', 'gap', 'fill', 'absent']),
        address: hexNumber,
        length: count,
        offset: count.nullable().describe('in the file; null where the bytes have no one place there'),
        path: z.string().nullable().describe('of a heading: the structure that begins'),
        name: z.string().nullable(),
        type: z.string().nullable(),
        value: z.string().nullable().describe('of a field, for people'),
        text: z.string().nullable().describe('of a heading or a note'),
        bytes: hexBytes.nullable(),
        fill: z.int().min(0).max(255).nullable().describe('the byte that all are'),
        absent: absence.nullable(),
      }),
    )
    .describe('in the order of the addresses; they leave no byte of the extents out'),
})
