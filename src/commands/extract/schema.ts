import { z } from 'zod'
import { absence, count, hexNumber } from '../../render/schema-parts.js'

/** `kho extract --json`. */
export const schema = z.strictObject({
  schema: z.literal('kho/extract/1'),
  path: z.string(),
  what: z.string(),
  file: z.string(),
  size: count.describe('bytes of the contents, holes included'),
  written: count,
  holes: count.describe('bytes that are holes: zeros that nothing backs'),
  missingBytes: count,
  missing: z.array(
    z.strictObject({
      start: count.describe('offset in the file'),
      end: count,
      address: hexNumber.nullable(),
      reason: absence,
    }),
  ),
  incomplete: z
    .string()
    .nullable()
    .describe('why there may be more that is missing; null where there is not'),
})
