import { z } from 'zod'
import { blob } from './blob-schema.js'
import { byteString, count, finding, hexNumber, range } from './schema-parts.js'

const direction = z.enum(['incoming', 'outgoing', 'unknown'])
const trackerState = z.enum(['live', 'stale', 'partial', 'absent'])

const evidence = z.strictObject({
  kind: z.enum([
    'given',
    'setup-data',
    'chosen',
    'scan',
    'self-check',
    'kexec-count',
    'tracker',
    'luo',
    'scratch',
  ]),
  message: z.string(),
  address: hexNumber.nullable(),
})

const tracker = z.strictObject({
  format: z
    .enum(['chunk-list', 'radix-tree', 'page-table', 'mem-array', 'kho-array', 'range-list'])
    .nullable(),
  state: trackerState,
  reason: z.string().nullable(),
  root: hexNumber.nullable(),
  nodes: count,
  leaves: count,
  metadataBytes: count,
  absentNodes: count,
  badPointers: count,
  orders: z.array(z.strictObject({ order: count, blocks: count, bytes: count })),
  blocks: count,
  bytes: count,
})

const document = z.strictObject({
  schema: z.literal('kho/dump/1'),
  image: z.strictObject({
    path: z.string(),
    container: z.string(),
    pageSize: z.union([z.literal(4096), z.literal(16384), z.literal(65536)]),
    pageSizeReason: z.string(),
    ram: z.array(range),
  }),
  root: z.strictObject({ address: hexNumber, direction, evidence: z.array(evidence) }),
  candidates: z.array(
    z.strictObject({
      address: hexNumber,
      direction,
      state: trackerState,
      compatible: byteString.nullable(),
      evidence: z.array(evidence),
    }),
  ),
  abi: z.string(),
  compatible: byteString,
  tracker,
  scratch: z.array(z.strictObject({ start: hexNumber, size: count })),
  scratchReason: z.string(),
  blobs: z.array(blob),
  findings: z.array(finding),
})

const part = z.strictObject({
  schema: z.literal('kho/dump/1'),
  path: z.string().describe('the part, in the grammar of docs/cli.md'),
  value: z.unknown().describe('the part as it is, or a list of what the document only counts'),
})

/** `kho dump --json`: the whole state, or the part at a path. */
export const dumpSchema = z.union([document, part])
