import type { MemoryBuilder } from '../../memory/memory-builder.js'
import { orders, type PageSet } from '../../pages/page-set.js'
import type { TrackerOptions, TrackerRoot } from '../place.js'
import { copyBits } from '../shared/bits.js'
import { createBuiltBits } from '../shared/built-bits.js'
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
  const built = createBuiltBits(builder)
  const tree = createNodeTree(builder, counts, built)
  const root = tree.makeNode()
  const slotOf = (key: number, level: number) =>
    Math.floor(key / 2 ** levelShift(shape, level)) % geometry.tableEntries

  /** The table above the leaf of a key; on the way down, missing ones are made where `create` is set. */
  function tableOf(key: number, create: boolean): BuiltNode | null {
    let node: BuiltNode | null = root
    for (let level = shape.depth - 1; level > 1 && node !== null; level--) {
      node = tree.tableOf(node, slotOf(key, level), create)
    }
    return node
  }
  const makeLeaf = (key: number, whole: Uint8Array | null) =>
    tree.makeLeaf(tableOf(key, true)!, slotOf(key, 1), whole)
  const keyOf = (address: number, order: number) =>
    2 ** (shape.order0 - order) + Math.floor(address / 2 ** (geometry.pageShift + order))
  const bitOf = (key: number) => key % geometry.bitmapBits

  return {
    counts,
    preserve(address, order) {
      const key = keyOf(address, order)
      built.set(makeLeaf(key, null), bitOf(key))
    },
    unpreserve(address, order) {
      const key = keyOf(address, order)
      const table = tableOf(key, false)
      const leaf = table === null ? 0 : tree.leafOf(table, slotOf(key, 1))
      return leaf !== 0 && built.clear(leaf, bitOf(key))
    },
    preserveAll(pages) {
      for (const order of orders(pages).reverse()) {
        const base = 2 ** (shape.order0 - order)
        const bitmapOf = (first: number, whole: Uint8Array | null) => makeLeaf(base + first, whole)
        copyBits(pages, order, geometry.bitmapBits, built, { bitmapOf })
      }
    },
    finish: (): TrackerRoot => ({ addresses: [root.address] }),
  }
}
