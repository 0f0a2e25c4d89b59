import { z } from 'zod'
import { byteString, count, decimal, guestFile, hexNumber } from '../../render/schema-parts.js'
import { REPLAY_WORDS } from '../../replay/judge.js'
import { OUTCOME_WORDS } from '../../validate/verdict.js'

/** `kho replay --json`. */
export const schema = z
  .strictObject({
    schema: z.literal('kho/replay/1'),
    outcome: z.strictObject({ word: z.enum(REPLAY_WORDS), kernel: z.string().nullable() }),
    reasons: z.array(z.string()).describe('what was seen that makes the outcome; empty for ok'),
    predicted: z
      .enum(OUTCOME_WORDS)
      .nullable()
      .describe('what validate says of this kernel; null for a release that it does not know'),
    rules: z.array(z.string()).describe('ids of the rules behind the prediction'),
    expected: z.enum(REPLAY_WORDS).describe('--expect, else the prediction; ok where that says nothing'),
    asExpected: z.boolean(),
    messages: z.array(z.string()).describe('what the kernel said about the hand-over'),
    retrieved: z.array(guestFile),
    failures: z
      .array(
        z.strictObject({
          session: byteString,
          token: decimal.nullable(),
          step: z.enum(['session', 'file', 'contents', 'finish']),
          message: z.string(),
        }),
      )
      .describe('what user space did not get'),
    collisions: z.array(
      z.strictObject({ what: z.string(), start: hexNumber, end: hexNumber, advice: z.string() }),
    ),
    guest: z.strictObject({
      memory: count.describe('RAM in bytes'),
      cmdline: z.string(),
      placement: z.enum(['scratch', 'loader']).describe('who placed the kernel: where a kexec does, or QEMU'),
      end: z.enum(['stopped', 'exited', 'limit']),
      upSeconds: z.number().nullable().describe('until user space was up; null where it never was'),
      totalSeconds: z.number(),
    }),
  })
  .describe('kho replay: what a real kernel made of a state')
