import { z } from 'zod'
import { absence, count, hexNumber } from '../../render/schema-parts.js'

const version = { schema: z.literal('kho/extract/1') }

const file = {
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
}

/** What `kho extract --json` says of one file. */
export const oneFile = z.strictObject({ ...version, ...file })

/** What it says of a folder. */
export const folder = z.strictObject({
  ...version,
  folder: z.string(),
  sums: z.string().describe('file with the digests, as sha256sum -c reads it'),
  files: z.array(z.strictObject({ ...file, sha256: z.string().nullable() })),
})

/** `kho extract --json`. */
export const schema = z.union([oneFile, folder])
