import { z } from 'zod'
import { count, finding } from '../../render/schema-parts.js'
import { OUTCOME_WORDS } from '../../validate/verdict.js'

/** The JSON of `kho validate`. */
export const schema = z.strictObject({
  schema: z.literal('kho/validate/1'),
  outcome: z.strictObject({
    word: z.enum(OUTCOME_WORDS),
    kernel: z.string(),
    why: z.array(z.string()),
    assumptions: z
      .array(z.string())
      .describe(
        'what the verdict takes for granted, a sentence each: such as that scratch lies in RAM where no list of RAM says so',
      ),
  }),
  coverage: z.strictObject({
    trackerNodes: count,
    trackerNodesAbsent: count,
    blobs: count,
    blobsAbsent: count,
    scratchKnown: z.boolean(),
    ramKnown: z.boolean(),
  }),
  findings: z.array(finding),
})
