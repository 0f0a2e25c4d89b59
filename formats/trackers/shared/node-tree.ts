import type { MemoryBuilder } from '../../memory/memory-builder.js'
import { viewOf } from '../../memory/u64.js'
import type { WriterCounts } from '../writer.js'
import { WORD } from './read.js'

/** A table or leaf that a writer made, with the children it has linked. */
export interface BuiltNode {
  address: number
  bytes: Uint8Array
  children: Map<number, BuiltNode>
}

/** Makes pages of a tree of tables, and counts them. */
export interface NodeTree {
  makeNode(): BuiltNode
  /** The node that a slot leads to; made and linked where it is missing and `create` is set. */
  childOf(node: BuiltNode, slot: number, create: boolean): BuiltNode | null
}

/** A tree whose tables are pages of physical addresses, 0 for none. */
export function createNodeTree(builder: MemoryBuilder, counts: WriterCounts): NodeTree {
  const makeNode = (): BuiltNode => {
    counts.allocations++
    counts.bytesAtRest += builder.geometry.pageSize
    return { ...builder.allocate(), children: new Map() }
  }
  return {
    makeNode,
    childOf(node, slot, create) {
      counts.steps++
      const old = node.children.get(slot)
      if (old !== undefined || !create) return old ?? null
      const made = makeNode()
      node.children.set(slot, made)
      viewOf(node.bytes).setBigUint64(slot * WORD, BigInt(made.address), true)
      return made
    },
  }
}
