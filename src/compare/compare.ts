import { isKhoError, KhoError } from '../../formats/error.js'
import { type AbiName, abiOf, trackerOptions } from '../../formats/kernels/index.js'
import type { Geometry } from '../../formats/memory/geometry.js'
import { mergeRanges, type Range } from '../../formats/memory/range.js'
import { copySet } from '../../formats/pages/algebra.js'
import { countBlocks, orders, type PageSet, totals } from '../../formats/pages/page-set.js'
import { countRanges } from '../../formats/pages/runs.js'
import type { KhoState } from '../image/state.js'
import { endOfBlocks } from '../write/placement.js'
import { MOST_REGIONS_MEASURED, memblockMs, QUOTED, type Quoted, skipMs } from './figures.js'
import { type Cost, measure } from './measure.js'
import { createPreparing } from './prepare.js'

/** A tracker that is compared: an ABI's. */
export type TrackerName = AbiName

/** What a reader's boot costs by the models, in milliseconds. */
export interface BootCost {
  memblockMs: number
  /** There are more regions than any quoted figure is of. */
  memblockExtrapolated: boolean
  skipMs: number
}

/** One tracker's row: what it costs, or why it cannot say the set. */
export type Row =
  | { tracker: TrackerName; cost: Cost; boot: BootCost; refused: null }
  | { tracker: TrackerName; cost: null; boot: null; refused: string }

/** All of them side by side. */
export interface Comparison {
  set: { blocks: number; bytes: number; ranges: number; orders: { order: number; blocks: number }[] }
  geometry: Geometry
  /** Bytes of RAM that the models of boot take. */
  ramBytes: number
  rows: Row[]
  quoted: readonly Quoted[]
}

/**
 * What a state's preserved memory costs in every tracker.
 *
 * @throws KhoError `broken-state` for a map that is not whole
 */
export function compareState({ tracker, image, geometry, root }: KhoState): Comparison {
  if (tracker.state !== 'live') {
    const why = tracker.reason === null ? '' : `: ${tracker.reason}`
    throw new KhoError('broken-state', `a map that is ${tracker.state} cannot be compared${why}`, {
      address: root.address,
    })
  }
  return compareTrackers(tracker.decode.pages, geometry, image.ramKnown)
}

/** In the order of their appearance. */
export const COMPARED: readonly TrackerName[] = [
  'mem4',
  'v5',
  'mail-table',
  'v5-table',
  'kho-v1-512',
  'array',
  'kho-v1-page',
  'kho-v2',
  'kho-v3',
  'kho-v4',
]

/** What a set of preserved memory costs in every tracker. `ram` is the reading machine's. */
export function compareTrackers(preserved: PageSet, geometry: Geometry, ram: readonly Range[]): Comparison {
  const pages = copySet(preserved)
  const known = mergeRanges(ram)
  const inRam = known.reduce((sum, { start, end }) => sum + end - start, 0)
  const end = Math.max(known.at(-1)?.end ?? 0, endOfBlocks(preserved))
  const { blocks, bytes } = totals(pages)
  const ramBytes = Math.max(inRam, bytes)
  const { ranges } = countRanges(pages)
  const boot = (cost: Cost): BootCost => ({
    memblockMs: memblockMs(cost.readBack.reservations, ranges),
    memblockExtrapolated: ranges > MOST_REGIONS_MEASURED,
    skipMs: skipMs(ramBytes / geometry.pageSize, stepsOf(cost), cost.readBack.words),
  })
  const prepare = createPreparing(pages, end)
  const costs = new Map<string, Cost>()
  // Several ABIs have one tracker, which costs what it costs.
  const costOf = (tracker: TrackerName): Cost => {
    const written = JSON.stringify([abiOf(tracker).tracker, trackerOptions(tracker, geometry)])
    const cost = costs.get(written) ?? measure(pages, tracker, geometry, end, prepare)
    costs.set(written, cost)
    return cost
  }
  return {
    set: {
      blocks,
      bytes,
      ranges,
      orders: orders(pages)
        .map(order => ({ order, blocks: countBlocks(pages, order) }))
        .filter(row => row.blocks > 0),
    },
    geometry,
    ramBytes,
    rows: COMPARED.map(tracker => makeRow(tracker, costOf, boot)),
    quoted: QUOTED,
  }
}

/** Most pieces of RAM are not preserved; where all are, what a look-up for one takes. */
function stepsOf({ lookUpHandedOver: { hit, miss } }: Cost): number {
  return miss ?? hit ?? 0
}

function makeRow(
  tracker: TrackerName,
  costOf: (tracker: TrackerName) => Cost,
  boot: (cost: Cost) => BootCost,
): Row {
  try {
    const cost = costOf(tracker)
    return { tracker, cost, boot: boot(cost), refused: null }
  } catch (error) {
    if (!isKhoError(error) || error.code !== 'cannot-express') throw error
    return { tracker, cost: null, boot: null, refused: error.message }
  }
}
