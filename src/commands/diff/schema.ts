import { z } from 'zod'
import { CHANGE_CLASSES } from '../../diff/change.js'
import { count, range } from '../../render/schema-parts.js'

const side = z.strictObject({
  path: z.string().describe('of the thing in this state'),
  value: z.string().nullable().describe('of a field, or what the thing is'),
  bytes: count.nullable().describe('that the thing holds in this state'),
  ranges: z.array(range).describe('what of it only this state has'),
})

const change = z.strictObject({
  path: z.string().describe('in the second state, or in the first where the second lacks the thing'),
  class: z.enum(CHANGE_CLASSES),
  what: z.string().describe('which part or field'),
  a: side.nullable(),
  b: side.nullable(),
  note: z.string().nullable(),
})

/** `kho diff --json`. */
export const schema = z
  .strictObject({
    schema: z.literal('kho/diff/1'),
    same: z.boolean().describe('the exit code is 0'),
    changes: z.array(change).describe('with --structure also version, address, split and structure'),
    pages: z
      .strictObject({
        known: z.boolean().describe('false where a preserved set is not known whole'),
        removed: z.array(range),
        added: z.array(range),
      })
      .describe('the preserved sets alone, whoever owns what'),
    totals: z.strictObject({
      classes: z.strictObject(Object.fromEntries(CHANGE_CLASSES.map(name => [name, count]))),
      changes: count.describe('changes that count'),
      ignored: count,
      removedBytes: count,
      addedBytes: count,
    }),
  })
  .describe('kho diff: what changed between two states')
