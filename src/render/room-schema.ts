import { z } from 'zod'
import { count } from './schema-parts.js'

const known = count.nullable()

/** Scratch areas, and how full they were. */
export const scratchSchema = z.strictObject({
  areas: count,
  bytes: known,
  fill: z
    .strictObject({
      pages: count.describe('of all areas'),
      looked: count.describe('pages that were looked at, evenly'),
      present: count.describe('of those, pages that the dump has'),
      used: count.describe('of those, pages that hold anything but zeros'),
    })
    .nullable(),
})

/** What kernels have to boot in. */
export const roomSchema = z
  .strictObject({
    memmapBytes: known.describe('struct pages of all RAM: up to 7.2 scratch must have room for them'),
    gigantic: known.describe('pages of 1 GiB that fit into scratch'),
    opened: z
      .strictObject({
        kernel: z.string(),
        ranges: known,
        bytes: known,
        gigantic: known.describe('pages of 1 GiB that fit in there'),
        notKnown: z.string().nullable(),
      })
      .nullable()
      .describe('what a kernel from 7.3 on opens beside scratch; null where none reads this layout'),
  })
  .describe('what kernels have to boot in')
