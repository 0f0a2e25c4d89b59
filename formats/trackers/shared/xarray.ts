import type { WriterCounts } from '../writer.js'

/** Bytes of one node (struct xa_node, x86-64), and slots in it. */
const NODE_BYTES = 576
const SLOTS = 64

/** What an xarray (lib/xarray.c) costs: its entries are kept by whoever counts. */
export interface Xarray {
  /** Makes room for an entry: all of them are as deep as the largest index asks for, and one at 0 alone takes no node. */
  store(index: number): void
  /** Nodes that a look-up goes through: none where the index is past the largest. */
  nodesTo(index: number): number
}

/** An xarray that is empty. */
export function createXarray(counts: WriterCounts): Xarray {
  /** By level, the nodes that there are. */
  const nodes: Set<number>[] = []
  let height = 0
  /** What has room: 64 to the power of the height. */
  let room = 1
  let empty = true
  /** The lowest node that was asked for last. */
  let lowest = -1
  /** False where there is such a node already, and so are those above it. */
  const add = (level: number, prefix: number): boolean => {
    nodes[level] ??= new Set()
    const known = nodes[level].has(prefix)
    if (known) return false
    nodes[level].add(prefix)
    counts.allocations++
    counts.indexBytes += NODE_BYTES
    return true
  }
  return {
    store(index) {
      if (Math.floor(index / SLOTS) === lowest && height > 0) return
      while (index >= room) {
        // xas_expand(): what was there moves into the first slot of a new top.
        if (!empty) add(height, 0)
        height++
        room *= SLOTS
      }
      empty = false
      lowest = Math.floor(index / SLOTS)
      let prefix = index
      for (let level = 0; level < height; level++) {
        prefix = Math.floor(prefix / SLOTS)
        if (!add(level, prefix)) break
      }
    },
    nodesTo: index => (index < room ? height : 0),
  }
}

/** Steps of finding what an order has in an xarray of orders: its head, and a node where there are others than 0. */
export function orderSteps(orders: Xarray, order: number): number {
  return Math.max(1, orders.nodesTo(order))
}
