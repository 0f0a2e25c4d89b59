import { z } from 'zod'
import { COMPAT_OUTCOMES } from '../../rules/compat.js'

const outcome = z.enum(COMPAT_OUTCOMES)

const table = z.strictObject({
  schema: z.literal('kho/abi/1'),
  abis: z.array(
    z.strictObject({
      name: z.string(),
      compatible: z.string().describe('what the root FDT says'),
      tracker: z.string(),
      kernels: z.string().describe('who writes it'),
    }),
  ),
  readers: z.array(
    z.strictObject({
      release: z.string(),
      abi: z.string(),
      luo: z.string().nullable(),
      memfd: z.array(z.string()),
    }),
  ),
})

const verdict = z.strictObject({
  schema: z.literal('kho/abi/1'),
  writer: z.string(),
  reader: z.string(),
  outcome: outcome.describe('of the hand-over as a whole'),
  assumptions: z.array(z.string()).describe('what was taken for granted'),
  components: z.array(
    z.strictObject({
      component: z.string(),
      writes: z.string(),
      reads: z.string(),
      outcome,
      note: z.string(),
    }),
  ),
})

const takers = z.strictObject({
  schema: z.literal('kho/abi/1'),
  writer: z.string(),
  takers: z
    .array(
      z.strictObject({
        reader: z.string(),
        outcome,
        component: z.string().nullable().describe('what decides; null where all is taken over'),
        note: z.string(),
        assumptions: z.array(z.string()),
      }),
    )
    .describe('every kernel that is known'),
})

/** `kho abi --json`: the tables, or what one kernel makes of what another hands over. */
export const schema = z
  .union([table, verdict, takers])
  .describe('kho abi: every version; with one kernel, who takes over from it; with two, who reads whom')
