import { z } from 'zod'
import { count } from '../../render/schema-parts.js'

const offers = z.strictObject({
  schema: z.literal('kho/damage/1'),
  rules: z.array(
    z.strictObject({
      rule: z.string(),
      about: z.string().describe('what the damage does'),
      reason: z.string().nullable().describe('why it cannot be shown on this image; null where it can'),
    }),
  ),
})

const written = z.strictObject({
  schema: z.literal('kho/damage/1'),
  done: z.array(z.strictObject({ rule: z.string(), seed: count, what: z.string() })),
  file: z.string(),
  size: count,
})

/** `kho damage --json`: with `--list` what can be shown, else what was done. */
export const schema = z.union([offers, written])
