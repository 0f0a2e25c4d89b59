import { z } from 'zod'

const text = z.string().min(1)

const rule = z.strictObject({
  id: z.string().regex(/^[A-Z0-9]+(-[A-Z0-9]+)*$/),
  family: text,
  severity: z.enum(['error', 'warning', 'info']),
  title: text,
  explanation: text,
  applies: text,
  kernel: text,
  source: text,
  effects: z.array(
    z.strictObject({
      reader: text,
      effect: z.enum(['rejected', 'oops', 'loop', 'reported', 'silent', 'none']),
    }),
  ),
  bugs: z.array(text),
})

/** `kho rules --json`. */
export const schema = z
  .strictObject({ schema: z.literal('kho/rules/1'), rules: z.array(rule) })
  .describe('kho rules: the catalogue, or the one rule that was asked for')
