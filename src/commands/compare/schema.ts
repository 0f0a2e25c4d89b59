import { z } from 'zod'
import { count } from '../../render/schema-parts.js'

const how = z.enum(['counted', 'modelled'])
const lookUp = z.strictObject({
  hit: z.number().nullable().describe('steps for a page that is preserved'),
  miss: z.number().nullable().describe('steps for a page that is not'),
  how,
})

const costs = z.strictObject({
  how,
  blocks: count,
  atRest: z.strictObject({ bytes: count, indexBytes: count, pages: count }),
  finalize: z.strictObject({ bytes: count, copiedBytes: count, allocations: count }),
  peakBytes: count.describe('at rest, index and what finalize makes, all alive at once'),
  handedOverBytes: count,
  allocations: count,
  preserve: z.strictObject({
    steps: z.number().nullable().describe('null where nothing is preserved'),
    sample: count,
  }),
  readBack: z.strictObject({ nodes: count, words: count, reservations: count }),
  lookUp,
  lookUpHandedOver: lookUp,
  units: z
    .array(
      z.strictObject({
        kind: z.string(),
        level: count,
        bytes: count,
        covers: z.number().describe('bytes of memory, where blocks are pages'),
      }),
    )
    .describe('what one bitmap or table covers, from the smallest to the largest'),
  boot: z.strictObject({
    how,
    memblockMs: z.number(),
    memblockExtrapolated: z.boolean(),
    skipMs: z.number(),
  }),
})

/** `kho compare --json`. */
export const schema = z
  .strictObject({
    schema: z.literal('kho/compare/1'),
    pageSize: count,
    ramBytes: count,
    set: z.strictObject({
      blocks: count,
      bytes: count,
      ranges: count,
      orders: z.array(z.strictObject({ order: count, blocks: count })),
    }),
    trackers: z.array(
      z.strictObject({
        tracker: z.string().describe('an ABI, or mail-table'),
        refused: z.string().nullable(),
        losses: z.array(z.string()),
        costs: costs.nullable(),
      }),
    ),
    quoted: z.array(z.strictObject({ what: z.string(), value: z.string(), source: z.string() })),
  })
  .describe('kho compare: what a state costs in every tracker')
