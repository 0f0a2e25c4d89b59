import { z } from 'zod'
import { TRACKER_FORMATS } from '../../../formats/trackers/index.js'
import { DIRECTIONS } from '../../model/handoff.js'
import { TRACKER_STATES } from '../../model/tracker.js'
import { roomSchema, scratchSchema } from '../../render/room-schema.js'
import { byteString, count, decimal, finding, hexNumber } from '../../render/schema-parts.js'
import { OUTCOME_WORDS } from '../../validate/verdict.js'

const known = count.nullable()
const reason = z.string().nullable()

const file = z.strictObject({
  path: z.string(),
  token: decimal,
  handler: byteString,
  name: z.string().nullable().describe('what user space calls it; null where nothing says'),
  size: known.describe('bytes of the file'),
  pages: known.describe('pages that its folios take'),
  holes: known.describe('bytes of it that no folio stands for'),
  orders: z.array(z.strictObject({ order: count, folios: count })).nullable(),
  notKnown: reason.describe('why some of it is null'),
  contents: z.boolean().describe('false for a handle, such as a device: there is no size to be known'),
})

/** `kho stat --json`. */
export const schema = z
  .strictObject({
    schema: z.literal('kho/stat/1'),
    image: z.strictObject({
      path: z.string(),
      container: z.string(),
      pageSize: count,
      ramBytes: count.describe('RAM that the dump knows of'),
      ramRanges: count,
      osRelease: z.string().nullable().describe('OSRELEASE of VMCOREINFO: the kernel that the dump shows'),
    }),
    writer: z.strictObject({
      release: byteString.nullable(),
      evidence: z.string(),
      abi: z.string(),
      kexecCount: known,
    }),
    root: z.strictObject({
      address: hexNumber.nullable().describe('null where the container does not tell addresses'),
      direction: z.enum(DIRECTIONS),
      state: z.enum(TRACKER_STATES),
      reason,
      others: count.describe('further roots in the dump'),
    }),
    outcome: z.strictObject({
      word: z.enum(OUTCOME_WORDS),
      kernel: z.string(),
      why: z.array(z.string()),
      reason: reason.describe('what the first rule of `why` found'),
      assumptions: z.array(z.string()),
    }),
    totals: z
      .strictObject({
        blocks: known,
        bytes: known,
        metadataBytes: known,
        sessions: known,
        files: known,
        regions: known,
        notKnown: reason.describe('why blocks and bytes are null'),
      })
      .describe('null where it is not known'),
    tracker: z.strictObject({
      format: z.enum(TRACKER_FORMATS).nullable(),
      nodes: known.describe('null where nothing is shown of it'),
      absentNodes: known,
      fill: z.array(
        z.strictObject({
          kind: z.string(),
          level: known,
          nodes: count,
          unit: z.enum(['blocks', 'slots', 'entries']),
          used: count,
          of: count,
        }),
      ),
    }),
    scratch: scratchSchema.nullable(),
    scratchReason: z.string(),
    room: roomSchema,
    sessions: z
      .array(
        z.strictObject({
          path: z.string(),
          name: byteString,
          heldAs: z.string().nullable(),
          files: z.array(file),
          notKnown: reason.describe('why there may be more files'),
        }),
      )
      .nullable(),
    sessionsNotKnown: reason.describe('why there may be more sessions'),
    regions: z
      .array(
        z.strictObject({
          path: z.string(),
          name: byteString,
          start: hexNumber.nullable(),
          size: known,
        }),
      )
      .nullable(),
    regionsNotKnown: reason.describe('why there may be more regions'),
    findings: z.strictObject({ errors: count, warnings: count, notes: count }),
    worst: z.array(finding).describe('the first few findings, worst first; kho validate lists all'),
  })
  .describe('kho stat: a state on one screen')
