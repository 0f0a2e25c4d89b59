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
  const nodes = new Set<string>()
  let height = 0
  let empty = true
  const add = (level: number, prefix: number) => {
    const key = `${level}:${prefix}`
    if (nodes.has(key)) return
    nodes.add(key)
    counts.allocations++
    counts.indexBytes += NODE_BYTES
  }
  return {
    store(index) {
      while (index >= SLOTS ** height) {
        // xas_expand(): what was there moves into the first slot of a new top.
        if (!empty) add(height, 0)
        height++
      }
      empty = false
      for (let level = 0; level < height; level++) add(level, Math.floor(index / SLOTS ** (level + 1)))
    },
    nodesTo: index => (index < SLOTS ** height ? height : 0),
  }
}

/** Steps of finding what an order has in an xarray of orders: its head, and a node where there are others than 0. */
export function orderSteps(orders: Xarray, order: number): number {
  return Math.max(1, orders.nodesTo(order))
}
