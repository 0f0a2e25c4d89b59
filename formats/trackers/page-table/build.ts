import type { MemoryBuilder } from '../../memory/memory-builder.js'
import type { BuiltBits } from '../shared/built-bits.js'
import { type BuiltNode, createNodeTree } from '../shared/node-tree.js'
import type { WriterCounts } from '../writer.js'
import { levelBlocks, TABLE_LEVELS } from './shape.js'

/** Trees of tables under construction, one for each order. */
export interface BuiltTables {
  /** The address of the bitmap that has a block; 0 where there is none. */
  findLeaf(order: number, block: number): number
  /**
   * The same, which is made where it is missing, and the tables on the way. With `whole` it is made of those bytes, and 0 says
   * that it was.
   */
  makeLeaf(order: number, block: number, whole: Uint8Array | null): number
  /** The top table of an order, 0 where there is none. */
  rootOf(order: number): number
}

/** Tables that are built in place, nothing to serialise. */
export function createTables(builder: MemoryBuilder, counts: WriterCounts, built: BuiltBits): BuiltTables {
  const { geometry } = builder
  const tree = createNodeTree(builder, counts, built)
  const roots = new Map<number, BuiltNode>()
  const slotOf = (block: number, level: number) =>
    Math.floor(block / levelBlocks(geometry, level)) % geometry.tableEntries
  const lowest = (order: number, block: number, create: boolean): BuiltNode | null => {
    if (create && !roots.has(order)) roots.set(order, tree.makeNode())
    let node = roots.get(order) ?? null
    for (let level = TABLE_LEVELS; level > 2 && node !== null; level--) {
      node = tree.tableOf(node, slotOf(block, level), create)
    }
    return node
  }
  return {
    findLeaf(order, block) {
      const table = lowest(order, block, false)
      return table === null ? 0 : tree.leafOf(table, slotOf(block, 2))
    },
    makeLeaf(order, block, whole) {
      return tree.makeLeaf(lowest(order, block, true)!, slotOf(block, 2), whole)
    },
    rootOf: order => roots.get(order)?.address ?? 0,
  }
}
