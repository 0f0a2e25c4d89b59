import { z } from 'zod'
import { PICTURE_KINDS } from '../../map/picture.js'
import { roomSchema, scratchSchema } from '../../render/room-schema.js'
import { count, hexNumber, range } from '../../render/schema-parts.js'

/** `kho map --json`. */
export const schema = z
  .strictObject({
    schema: z.literal('kho/map/1'),
    by: z.enum(['owner', 'order', 'change']),
    range,
    cellBytes: count,
    columns: count,
    rows: count,
    legend: z.array(
      z.strictObject({
        letter: z.string().length(1),
        name: z.string().describe('a path, an order, or what became of it'),
        kind: z.enum(PICTURE_KINDS),
        bytes: count.describe('of the whole machine'),
      }),
    ),
    scratch: scratchSchema.nullable().describe('null with two images, too'),
    room: roomSchema.nullable().describe('null with two images'),
    opened: z
      .array(range)
      .nullable()
      .describe('what early boot of room.opened.kernel may overwrite besides scratch; null where not known'),
    cells: z.array(
      z.strictObject({
        address: hexNumber,
        letter: z.string().length(1),
        bytes: count.describe('of the cell that the letter stands for'),
        ram: count.describe('bytes of the cell that are RAM'),
      }),
    ),
  })
  .describe('kho map: physical memory as cells; those without memory are left out')
