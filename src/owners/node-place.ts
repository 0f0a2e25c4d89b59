import { u64, viewOf } from '../../formats/memory/u64.js'
import { TABLE_LEVELS, tableShift } from '../../formats/trackers/page-table.js'
import { levelShift, radixShape } from '../../formats/trackers/radix-tree.js'
import type { TrackerNode } from '../../formats/trackers/tracker.js'
import type { KhoState } from '../image/state.js'
import { arrayElements, chunkElements, shapeOf } from './tracker-trace.js'

/** What the bits of a bitmap mean: bit `b` is block number `first + b` of an order. */
export interface BitmapMeaning {
  order: number
  first: number
}

/** One way from a table to a node below it. */
interface Place {
  node: TrackerNode
  /** Radix: key of the node's first bit. Page table: number of its first block. */
  prefix: number
}

/**
 * What the bits of one leaf or bitmap mean; null where no way leads to it, or where they have no one order: the leaf
 * of a radix tree whose keys are the lowest has a bit for each of several orders.
 */
export function bitmapMeaning(state: KhoState, node: TrackerNode): BitmapMeaning | null {
  switch (state.tracker.format) {
    case 'radix-tree':
      return radixMeaning(state, node)
    case 'page-table': {
      const place = findPlace(state, node, level => tableBlocks(state, level + 1))
      return place === null ? null : { order: node.order ?? 0, first: place.prefix }
    }
    case 'chunk-list': {
      const element = chunkElements(state).find(({ bitmap }) => bitmap === node.address)
      return element === undefined ? null : meaningAt(state, element.physStart, element.order)
    }
    case 'kho-array': {
      const found = arrayElements(state).find(({ element }) => element.bitmap === node.address)
      if (found === undefined || found.element.physStart === null) return null
      return meaningAt(state, found.element.physStart, found.element.order)
    }
    default:
      return null
  }
}

function meaningAt(state: KhoState, physStart: number, order: number): BitmapMeaning {
  return { order, first: physStart / (state.geometry.pageSize * 2 ** order) }
}

function radixMeaning(state: KhoState, node: TrackerNode): BitmapMeaning | null {
  const shape = shapeOf(state)
  const place = findPlace(state, node, level => 2 ** levelShift(shape, level))
  if (place === null) return null
  // Trees of 16K pages that are one level short: what is too small for a key is a page number, as in the decoder.
  const short = shape.depth < radixShape(state.geometry).depth
  if (short && place.prefix < 2 ** 44 / state.geometry.pageSize) return { order: 0, first: place.prefix }
  if (place.prefix === 0) return null
  const log = Math.floor(Math.log2(place.prefix))
  const top = 2 ** log > place.prefix ? log - 1 : log
  const order = shape.order0 - top
  return order < 0 ? null : { order, first: place.prefix - 2 ** top }
}

function tableBlocks(state: KhoState, level: number): number {
  return 2 ** (tableShift(state.geometry, level) - state.geometry.pageShift)
}

/** Finds a node from the roots down. `weight` is what one slot of a table of a level adds to the prefix. */
function findPlace(state: KhoState, wanted: TrackerNode, weight: (level: number) => number): Place | null {
  const byAddress = new Map(state.tracker.decode.nodes.map(node => [node.address, node]))
  const isRoot = (node: TrackerNode) =>
    state.tracker.format === 'page-table'
      ? node.level === TABLE_LEVELS - 1
      : node.address === state.tracker.root
  const pending: Place[] = state.tracker.decode.nodes.filter(isRoot).map(node => ({ node, prefix: 0 }))
  const seen = new Set<number>(pending.map(place => place.node.address))
  for (let place = pending.pop(); place !== undefined; place = pending.pop()) {
    const { node, prefix } = place
    if (node.address === wanted.address) return place
    if (node.level === null || node.level <= wanted.level!) continue
    const read = state.image.memory.read(node.address, node.size)
    if (!read.ok) continue
    const view = viewOf(read.bytes)
    for (let slot = 0; slot < node.size / 8; slot++) {
      const child = byAddress.get(u64(view, slot * 8))
      if (child === undefined || child.level !== node.level - 1 || seen.has(child.address)) continue
      seen.add(child.address)
      pending.push({ node: child, prefix: prefix + slot * weight(node.level) })
    }
  }
  return null
}
