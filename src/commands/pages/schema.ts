import { z } from 'zod'
import { count, hexNumber, range } from '../../render/schema-parts.js'

/** With `--owner` both are there, without it neither. */
const owner = {
  owner: z.string().nullable().describe('path of the first owner; null where nobody claims it').optional(),
  moreOwners: count.optional(),
}
const block = z.strictObject({ address: hexNumber, order: count, ...owner })
const ownedRange = range.extend(owner)

/** `kho pages --json`, with and without `--ranges`. */
export const schema = z
  .union([
    z.strictObject({ schema: z.literal('kho/pages/1'), blocks: z.array(block) }),
    z.strictObject({ schema: z.literal('kho/pages/1'), ranges: z.array(ownedRange) }),
  ])
  .describe('kho pages: what is preserved. With --ndjson each line is an element of blocks or ranges')
