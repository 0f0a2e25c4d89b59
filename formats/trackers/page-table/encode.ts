import type { MemoryBuilder } from '../../memory/memory-builder.js'
import { blockSize, orders, type PageSet, SPAN_BITS, sortedSpans } from '../../pages/page-set.js'
import { clearBit, copyBits, setBit } from '../shared/bits.js'
import { type BuiltNode, createNodeTree } from '../shared/node-tree.js'
import { attachAddresses } from '../shared/place.js'
import type { TrackerOptions } from '../tracker.js'
import { noCounts, type TrackerEncoder, type TrackerWriter } from '../writer.js'
import { levelBlocks, TABLE_LEVELS, TABLE_ORDERS, tableShift, tableSlots } from './shape.js'

/** The per-order tables of the patch of 3 April 2025: built in place, nothing to serialise. */
export const tableEncoder: TrackerEncoder = {
  refuse: refuseSet,
  createWriter: createTableWriter,
  attach: attachAddresses,
}

function refuseSet(pages: PageSet, options: TrackerOptions): string | null {
  for (const order of orders(pages)) {
    if (order >= TABLE_ORDERS)
      return `order ${order}: the format has a tree for orders 0 to ${TABLE_ORDERS - 1} only`
    const top = tableShift(options.geometry, TABLE_LEVELS) + order
    const reach = tableSlots(options.geometry, TABLE_LEVELS, order) * 2 ** top
    const last = sortedSpans(pages.orders.get(order)!).at(-1) ?? 0
    if (last * SPAN_BITS * blockSize(pages, order) >= reach)
      return `a block of order ${order} lies past the reach of four levels`
  }
  return null
}

function createTableWriter(builder: MemoryBuilder, options: TrackerOptions): TrackerWriter {
  const { geometry } = options
  const counts = noCounts()
  const tree = createNodeTree(builder, counts)
  const roots = new Map<number, BuiltNode>()

  /** The leaf of a block number. */
  function leafOf(order: number, block: number, create: boolean): BuiltNode | null {
    if (create && !roots.has(order)) roots.set(order, tree.makeNode())
    let node = roots.get(order) ?? null
    for (let level = TABLE_LEVELS; level >= 2 && node !== null; level--) {
      const slot = Math.floor(block / levelBlocks(geometry, level)) % geometry.tableEntries
      node = tree.childOf(node, slot, create)
    }
    return node
  }

  const blockOf = (address: number, order: number) => Math.floor(address / 2 ** (geometry.pageShift + order))

  return {
    counts,
    preserve(address, order) {
      const block = blockOf(address, order)
      setBit(leafOf(order, block, true)!.bytes, block % geometry.bitmapBits)
    },
    unpreserve(address, order) {
      const block = blockOf(address, order)
      const leaf = leafOf(order, block, false)
      return leaf !== null && clearBit(leaf.bytes, block % geometry.bitmapBits)
    },
    preserveAll(pages) {
      for (const order of orders(pages)) {
        copyBits(pages, order, geometry.bitmapBits, first => leafOf(order, first, true)!.bytes)
      }
    },
    finish() {
      const addresses = Array.from({ length: TABLE_ORDERS }, (_, order) => roots.get(order)?.address ?? 0)
      return { addresses }
    },
  }
}
