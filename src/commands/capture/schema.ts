import { z } from 'zod'
import { MOMENTS } from '../../capture/moments.js'
import { count, guestFile } from '../../render/schema-parts.js'

const moment = z.enum(MOMENTS)

/** `kho capture --json`. */
export const schema = z
  .strictObject({
    schema: z.literal('kho/capture/1'),
    ok: z.boolean(),
    failed: z.string().nullable().describe('where the guest got no further'),
    kernel: z.string().nullable(),
    exact: z.boolean().describe('moments were found by breakpoints; else by what came on the console'),
    dumps: z.array(z.strictObject({ moment, file: z.string() })),
    truth: z
      .array(z.string())
      .describe('files and folders beside the dumps, with what the guest itself said'),
    checks: z.array(
      z.strictObject({
        moment: moment.nullable().describe('the dump that was read; null for what needs none'),
        what: z.string(),
        ok: z.boolean(),
        compared: count,
        differences: z.array(z.string()),
      }),
    ),
    files: z.array(guestFile).describe('files as user space saw them before the jump'),
    messages: z.array(z.string()).describe('what the next kernel said about the hand-over'),
    notes: z.array(z.string()).describe('what of the scenario the guest did not do, or did in another way'),
    seconds: z.number(),
  })
  .describe('kho capture: whether a kernel hands over what it should')
