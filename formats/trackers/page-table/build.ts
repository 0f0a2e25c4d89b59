import type { MemoryBuilder } from '../../memory/memory-builder.js'
import { type BuiltNode, createNodeTree } from '../shared/node-tree.js'
import type { WriterCounts } from '../writer.js'
import { levelBlocks, TABLE_LEVELS } from './shape.js'

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
