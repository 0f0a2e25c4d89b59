import { z } from 'zod'
import { EFFECTS, SEVERITIES } from '../../rules/rule.js'

const text = z.string().min(1)

const rule = z.strictObject({
  id: z.string().regex(/^[A-Z0-9]+(-[A-Z0-9]+)*$/),
  family: text,
  severity: z.enum(SEVERITIES),
  title: text,
  explanation: text,
  applies: text,
  kernel: text,
  source: text,
  effects: z.array(
    z.strictObject({
      reader: text,
      effect: z.enum(EFFECTS),
    }),
  ),
  damage: text.nullable().describe('how `kho damage` shows it; null where it cannot'),
  noDamage: text.nullable().describe('why there is none; null where there is one'),
  bugs: z.array(text),
})

/** `kho rules --json`. */
export const schema = z
  .strictObject({ schema: z.literal('kho/rules/1'), rules: z.array(rule) })
  .describe('kho rules: the catalogue, or the one rule that was asked for')
