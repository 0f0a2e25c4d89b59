import { z } from 'zod'
import { count, hexNumber, range } from './schema-parts.js'

const block = z.strictObject({ address: hexNumber, order: count })

/** `kho pages --json`, with and without `--ranges`. */
export const pagesSchema = z
  .union([
    z.strictObject({ schema: z.literal('kho/pages/1'), blocks: z.array(block) }),
    z.strictObject({ schema: z.literal('kho/pages/1'), ranges: z.array(range) }),
  ])
  .describe('kho pages: what is preserved. With --ndjson each line is an element of blocks or ranges')
