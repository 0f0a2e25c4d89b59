import { z } from 'zod'
import { count, hexNumber, range } from '../../render/schema-parts.js'

/** `kho slim --json`. */
export const schema = z
  .strictObject({
    schema: z.literal('kho/slim/1'),
    file: z.string(),
    size: count.describe('bytes of the file'),
    source: z.strictObject({
      container: z.string(),
      compression: z.string().nullable(),
      size: count.describe('bytes of the dump, uncompressed'),
    }),
    root: hexNumber,
    roots: z.array(hexNumber).describe('every candidate whose structures were kept, best first'),
    contents: z.boolean(),
    paths: z.array(z.string()),
    redacted: z.enum(['no', 'zeroed', 'zeroed, names hashed']),
    keptBytes: count,
    kept: z.array(range),
    excludedBytes: count.describe('memory that the source had and the file has not'),
    absentBytes: count.describe('RAM that the source had no bytes for'),
  })
  .describe('kho slim: what was kept of an image')
