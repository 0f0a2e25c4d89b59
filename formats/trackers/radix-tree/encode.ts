import type { MemoryBuilder } from '../../memory/memory-builder.js'
import { orders, type PageSet } from '../../pages/page-set.js'
import type { TrackerOptions, TrackerRoot } from '../place.js'
import { clearBit, copyBits, setBit } from '../shared/bits.js'
import { type BuiltNode, createNodeTree } from '../shared/node-tree.js'
import { attachAddresses } from '../shared/place.js'
import { noCounts, type TrackerEncoder, type TrackerWriter } from '../writer.js'
import { levelShift, radixShape } from './shape.js'

/** Builds radix trees in place, as kho_radix_add_page does (kernel/liveupdate/kexec_handover.c, 7.2). */
export const radixEncoder: TrackerEncoder = {
  refuse: refuseOrders,
  createWriter: createRadixWriter,
  attach: attachAddresses,
}

function refuseOrders(pages: PageSet, options: TrackerOptions): string | null {
  const { order0, bitmapLog2 } = radixShape(options.geometry)
  const high = orders(pages).find(order => order > order0 - bitmapLog2)
  return high === undefined ? null : `order ${high} has no key above a leaf's own bits`
}

function createRadixWriter(builder: MemoryBuilder, options: TrackerOptions): TrackerWriter {
  const { geometry } = options
  const shape = radixShape(geometry, options.depth)
  const counts = noCounts()
  const tree = createNodeTree(builder, counts)
  const root = tree.makeNode()

  /** The leaf of a key; on the way down, missing nodes are made where `create` is set. */
  function leafOf(key: number, create: boolean): BuiltNode | null {
    let node: BuiltNode | null = root
    for (let level = shape.depth - 1; level >= 1 && node !== null; level--) {
      const slot = Math.floor(key / 2 ** levelShift(shape, level)) % geometry.tableEntries
      node = tree.childOf(node, slot, create)
    }
    return node
  }

  const keyOf = (address: number, order: number) =>
    2 ** (shape.order0 - order) + Math.floor(address / 2 ** (geometry.pageShift + order))
  const bitOf = (key: number) => key % geometry.bitmapBits

  return {
    counts,
    preserve(address, order) {
      const key = keyOf(address, order)
      setBit(leafOf(key, true)!.bytes, bitOf(key))
    },
    unpreserve(address, order) {
      const key = keyOf(address, order)
      const leaf = leafOf(key, false)
      return leaf !== null && clearBit(leaf.bytes, bitOf(key))
    },
    preserveAll(pages) {
      for (const order of orders(pages).reverse()) {
        const base = 2 ** (shape.order0 - order)
        copyBits(pages, order, geometry.bitmapBits, first => leafOf(base + first, true)!.bytes)
      }
    },
    finish: (): TrackerRoot => ({ addresses: [root.address] }),
  }
}
