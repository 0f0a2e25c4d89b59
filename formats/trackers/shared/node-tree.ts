import type { MemoryBuilder } from '../../memory/memory-builder.js'
import { setU64, viewOf } from '../../memory/u64.js'
import type { WriterCounts } from '../writer.js'
import type { BuiltBits } from './built-bits.js'
import { WORD } from './read.js'

/** A table that a writer made, with the tables that it has linked, and the addresses of leaves. */
export interface BuiltNode {
  address: number
  view: DataView
  tables: Map<number, BuiltNode>
  leaves: Map<number, number>
}

/** Makes pages of a tree of tables, and counts them. */
export interface NodeTree {
  makeNode(): BuiltNode
  /** The table that a slot leads to; made and linked where it is missing and `create` is set. */
  tableOf(node: BuiltNode, slot: number, create: boolean): BuiltNode | null
  /** The address of the leaf that a slot leads to, 0 where there is none. */
  leafOf(node: BuiltNode, slot: number): number
  /**
   * The same, which is made and linked where it is missing. With `whole` it is made of those bytes, and 0 says that it was.
   */
  makeLeaf(node: BuiltNode, slot: number, whole: Uint8Array | null): number
}

/** A tree whose tables are pages of physical addresses, 0 for none. */
export function createNodeTree(builder: MemoryBuilder, counts: WriterCounts, built: BuiltBits): NodeTree {
  const count = () => {
    counts.allocations++
    counts.bytesAtRest += builder.geometry.pageSize
  }
  const makeNode = (): BuiltNode => {
    count()
    const { address, bytes } = builder.allocate()
    return { address, view: viewOf(bytes), tables: new Map(), leaves: new Map() }
  }
  const leafOf = (node: BuiltNode, slot: number): number => {
    counts.steps++
    return node.leaves.get(slot) ?? 0
  }
  return {
    makeNode,
    tableOf(node, slot, create) {
      counts.steps++
      const old = node.tables.get(slot)
      if (old !== undefined || !create) return old ?? null
      const made = makeNode()
      node.tables.set(slot, made)
      setU64(node.view, slot * WORD, made.address)
      return made
    },
    leafOf,
    makeLeaf(node, slot, whole) {
      const old = leafOf(node, slot)
      if (old !== 0) return old
      count()
      const address = whole === null ? built.emptyPage() : builder.adopt(whole)!
      node.leaves.set(slot, address)
      setU64(node.view, slot * WORD, address)
      return whole === null ? address : 0
    },
  }
}
