import { appendPath } from '../../formats/layout/index.js'
import { hex } from '../../formats/memory/fault.js'
import { rangeAt, rangeSize } from '../../formats/memory/range.js'
import { blockSize, countBlocks, orders } from '../../formats/pages/page-set.js'
import { TRACKER_FORMATS } from '../../formats/trackers/index.js'
import type { TrackerNode } from '../../formats/trackers/tracker.js'
import type { KhoState, TrackerInfo } from '../image/state.js'
import { listClaims } from './claim.js'
import {
  address,
  count,
  defineKind,
  type Field,
  isNotKnown,
  list,
  type Memory,
  NO_MEMORY,
  type NotKnown,
  notKnown,
  size,
  text,
} from './kind.js'
import { nodeCoverage } from './node-coverage.js'

/** Node kinds that hold bits, as against those that only point to others. */
const LEAVES = new Set<TrackerNode['kind']>(['leaf', 'bitmap'])

const NODE = defineKind<TrackerNode>({
  what: node => `tracker ${node.kind}`,
  fields: {
    address: address(node => node.address),
    kind: text(node => node.kind, { values: ['chunk', 'bitmap', 'table', 'leaf', 'array'] }),
    level: count(node => node.level, { orNull: 'null in lists' }),
    order: count(node => node.order, { orNull: 'null where it does not serve one order' }),
    size: size(node => node.size),
    start: address((node, state) => nodeCoverage(state, node)?.range?.start ?? null, {
      orNull: 'null where it covers no one stretch of memory',
      doc: 'where the memory begins that its bits, slots or entries stand for',
    }),
    covers: size(coveredBytes, {
      orNull: 'null where it covers no one stretch of memory',
      huge: true,
      doc: 'bytes of memory from `start` on that it can describe',
    }),
    used: count((node, state) => nodeCoverage(state, node)?.used ?? null, {
      orNull: 'null where the dump lacks it',
      doc: 'how many of its `unit` are set, or lead on',
    }),
    of: count((node, state) => nodeCoverage(state, node)?.of ?? null, {
      orNull: 'null where the dump lacks it',
      doc: 'how many of its `unit` there is room for',
    }),
    unit: text((node, state) => nodeCoverage(state, node)?.unit ?? null, {
      values: ['blocks', 'slots', 'entries'],
      orNull: 'null where the dump lacks it',
    }),
  },
  memory: node => nodeMemory(node),
})

function coveredBytes(node: TrackerNode, state: KhoState): number | null {
  const range = nodeCoverage(state, node)?.range ?? null
  return range === null ? null : rangeSize(range)
}

function nodeMemory(node: TrackerNode): Memory {
  const { address: at, size: bytes } = node
  return { extents: [rangeAt(at, bytes)], pieces: () => [{ kind: 'node', address: at, node }] }
}

const ORDER = defineKind<{ order: number; blocks: number; bytes: number }>({
  what: 'order',
  fields: { order: count(row => row.order), blocks: count(row => row.blocks), bytes: size(row => row.bytes) },
})

/** What can be said of a tracker. */
export const TRACKER_STATES = ['live', 'stale', 'partial', 'absent']

const counted = new WeakMap<TrackerInfo['decode'], Totals>()

/** What a tracker comes to, as far as it is there. Counted once. */
export function trackerTotals({ decode }: TrackerInfo): Totals {
  const known = counted.get(decode)
  if (known !== undefined) return known
  const found = countTotals(decode)
  counted.set(decode, found)
  return found
}

function countTotals({ nodes, pages }: TrackerInfo['decode']) {
  const rows = orders(pages).map(order => {
    const blocks = countBlocks(pages, order)
    return { order, blocks, bytes: blocks * blockSize(pages, order) }
  })
  return {
    nodes: nodes.length,
    leaves: nodes.filter(node => LEAVES.has(node.kind)).length,
    metadataBytes: nodes.reduce((sum, node) => sum + node.size, 0),
    orders: rows.filter(row => row.blocks > 0),
    blocks: rows.reduce((sum, row) => sum + row.blocks, 0),
    bytes: rows.reduce((sum, row) => sum + row.bytes, 0),
  }
}

type Totals = ReturnType<typeof countTotals>

/** The same where all of it is there: what rests on nodes that are not is not known, however much of it is there. */
export function knownTotals({ tracker, image }: KhoState): Totals | NotKnown {
  const { absentNodes } = tracker.decode
  if (image.dump.debugfs !== undefined) return notKnown('debugfs does not show the tracker')
  if (absentNodes > 0) return notKnown(`${absentNodes} of the tracker’s pages not in the dump`)
  return trackerTotals(tracker)
}

function known<K extends keyof Totals>(key: K) {
  return (state: KhoState): Totals[K] | NotKnown => {
    const all = knownTotals(state)
    return isNotKnown(all) ? all : all[key]
  }
}

const start: Record<string, Field<KhoState>> = {
  format: text(({ tracker }) => tracker.format, { values: TRACKER_FORMATS, orNull: 'no known one' }),
  state: text(({ tracker }) => tracker.state, { values: TRACKER_STATES }),
  reason: text(({ tracker }) => tracker.reason, { orNull: 'nothing to say' }),
  root: address(({ tracker }) => tracker.root, { orNull: 'none' }),
}
const partly = { orNull: 'null where the dump lacks a part of the tracker' }
const rest: Record<string, Field<KhoState>> = {
  leaves: count(known('leaves'), partly),
  metadataBytes: size(known('metadataBytes'), partly),
  absentNodes: count(({ tracker }) => tracker.decode.absentNodes),
  badPointers: count(({ tracker }) => tracker.decode.badPointers),
  orders: list('list of orders', ORDER, known('orders')),
  blocks: count(known('blocks'), partly),
  bytes: size(known('bytes'), partly),
}

/** The tracker as the whole state shows it: how many nodes it has. */
export const TRACKER_TOTALS = defineKind<KhoState>({
  what: 'tracker',
  fields: { ...start, nodes: count(known('nodes'), partly), ...rest },
})

/** The tracker: what preserved memory is written down in. */
export const TRACKER = defineKind<KhoState>({
  what: 'tracker',
  fields: {
    ...start,
    nodes: list('list of the tracker’s pages', NODE, ({ tracker }) => tracker.decode.nodes, {
      key: node => hex(node.address),
      *claims({ tracker: { decode, format } }, _, path) {
        const { nodes } = decode
        const starts = Float64Array.from(nodes, node => node.address)
        const sizes = Float64Array.from(nodes, node => node.size)
        yield listClaims(starts, sizes, { kind: 'metadata', version: format, preserved: false }, n =>
          appendPath(path, hex(nodes[n]!.address)),
        )
      },
      claimsAll: true,
    }),
    ...rest,
  },
  memory({ tracker }) {
    const root = tracker.decode.nodes.find(node => node.address === tracker.root)
    return root === undefined ? NO_MEMORY : nodeMemory(root)
  },
})
