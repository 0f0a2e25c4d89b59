import type { MemoryBuilder } from '../../memory/memory-builder.js'
import { blockSize, type PageSet, SPAN_BITS, sortedSpans } from '../../pages/page-set.js'
import type { TrackerOptions } from '../place.js'
import { type BuiltNode, createNodeTree } from '../shared/node-tree.js'
import type { WriterCounts } from '../writer.js'
import { levelBlocks, TABLE_LEVELS, tableShift, tableSlots } from './shape.js'

/** Trees of tables under construction, one for each order. */
export interface BuiltTables {
  /** The bitmap that has a block; on the way down, missing tables are made where `create` is set. */
  leafOf(order: number, block: number, create: boolean): BuiltNode | null
  /** The top table of an order, 0 where there is none. */
  rootOf(order: number): number
}

/** Tables that are built in place, nothing to serialise. */
export function createTables(builder: MemoryBuilder, counts: WriterCounts): BuiltTables {
  const { geometry } = builder
  const tree = createNodeTree(builder, counts)
  const roots = new Map<number, BuiltNode>()
  return {
    leafOf(order, block, create) {
      if (create && !roots.has(order)) roots.set(order, tree.makeNode())
      let node = roots.get(order) ?? null
      for (let level = TABLE_LEVELS; level >= 2 && node !== null; level--) {
        const slot = Math.floor(block / levelBlocks(geometry, level)) % geometry.tableEntries
        node = tree.childOf(node, slot, create)
      }
      return node
    },
    rootOf: order => roots.get(order)?.address ?? 0,
  }
}

/** Why four levels do not reach all blocks of an order, or null where they do. */
export function refuseReach(pages: PageSet, order: number, { geometry }: TrackerOptions): string | null {
  const top = tableShift(geometry, TABLE_LEVELS) + order
  const reach = tableSlots(geometry, TABLE_LEVELS, order) * 2 ** top
  const last = sortedSpans(pages.orders.get(order)!).at(-1) ?? 0
  return last * SPAN_BITS * blockSize(pages, order) >= reach
    ? `a block of order ${order} lies past the reach of four levels`
    : null
}
