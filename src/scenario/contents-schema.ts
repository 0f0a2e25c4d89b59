import * as z from 'zod'
import { COUNT_OR_ZERO } from './quantity.js'

/** What memory holds: nothing that a dump has, zeros, a pattern, bytes that a seed decides, or a file's. */
export const CONTENTS = z
  .union([
    z.literal('none'),
    z.literal('zero'),
    z.object({ pattern: z.string().min(1) }).strict(),
    z.object({ hex: z.string().regex(/^([0-9a-fA-F]{2})+$/) }).strict(),
    z.object({ seed: COUNT_OR_ZERO }).strict(),
    z.object({ file: z.string().min(1) }).strict(),
  ])
  .describe("'none', 'zero', { pattern: TEXT }, { hex: BYTES }, { seed: N } or { file: PATH }")

/** A checked {@link CONTENTS}. */
export type ContentsSpec = z.output<typeof CONTENTS>

/** A value of an FDT property: text gets a NUL, a number becomes a native u64. */
const FDT_VALUE = z.union([z.string(), COUNT_OR_ZERO, z.object({ hex: z.string() }).strict()])

/** A node of a sub-FDT. */
export interface FdtSpec {
  properties?: Readonly<Record<string, z.output<typeof FDT_VALUE>>> | undefined
  children?: Readonly<Record<string, FdtSpec>> | undefined
}

/** A node of a sub-FDT: `properties` by name, `children` by name. */
export const FDT_NODE: z.ZodType<FdtSpec> = z.lazy(() =>
  z
    .object({
      properties: z
        .record(z.string(), z.union([z.string(), z.number(), z.object({ hex: z.string() }).strict()]))
        .optional(),
      children: z.record(z.string(), FDT_NODE).optional(),
    })
    .strict(),
)
