import type { MemoryBuilder } from '../../memory/memory-builder.js'
import { orders, type PageSet } from '../../pages/page-set.js'
import type { TrackerOptions } from '../place.js'
import { copyBits } from '../shared/bits.js'
import { createBuiltBits } from '../shared/built-bits.js'
import { attachAddresses } from '../shared/place.js'
import { WORD } from '../shared/read.js'
import { createXarray, orderSteps } from '../shared/xarray.js'
import { noCounts, type TrackerEncoder, type TrackerWriter } from '../writer.js'
import { createTables } from './build.js'
import { TABLE_ORDERS } from './shape.js'

/** The per-order tables of the patch of 3 April 2025. */
export const tableEncoder: TrackerEncoder = {
  refuse: refuseOrders,
  createWriter: createTableWriter,
  attach: attachAddresses,
}

/** Four levels reach every address below 2^52, whatever the order: 16 PiB with pages of 4K, more with larger ones. */
function refuseOrders(pages: PageSet): string | null {
  const high = orders(pages).find(order => order >= TABLE_ORDERS)
  return high === undefined
    ? null
    : `order ${high}: the format has a tree for orders 0 to ${TABLE_ORDERS - 1} only`
}

function createTableWriter(builder: MemoryBuilder, options: TrackerOptions): TrackerWriter {
  const { geometry } = options
  const counts = noCounts()
  const built = createBuiltBits(builder)
  const tables = createTables(builder, counts, built)
  const known = createXarray(counts)
  const seen = new Set<number>()

  /** The patch keeps the descriptors of the top tables in an xarray, until it writes them down at finalize. */
  const makeLeaf = (order: number, block: number, whole: Uint8Array | null): number => {
    if (!seen.has(order)) {
      seen.add(order)
      known.store(order)
      counts.allocations++
      counts.indexBytes += WORD
    }
    counts.steps += orderSteps(known, order)
    return tables.makeLeaf(order, block, whole)
  }
  const blockOf = (address: number, order: number) => Math.floor(address / 2 ** (geometry.pageShift + order))

  return {
    counts,
    preserve(address, order) {
      const block = blockOf(address, order)
      built.set(makeLeaf(order, block, null), block % geometry.bitmapBits)
    },
    unpreserve(address, order) {
      const block = blockOf(address, order)
      counts.steps += orderSteps(known, order)
      const leaf = tables.findLeaf(order, block)
      return leaf !== 0 && built.clear(leaf, block % geometry.bitmapBits)
    },
    preserveAll(pages) {
      for (const order of orders(pages)) {
        const bitmapOf = (first: number, whole: Uint8Array | null) => makeLeaf(order, first, whole)
        copyBits(pages, order, geometry.bitmapBits, built, { bitmapOf })
      }
    },
    finish() {
      counts.copiedBytes += seen.size * WORD
      const addresses = Array.from({ length: TABLE_ORDERS }, (_, order) => tables.rootOf(order))
      return { addresses }
    },
  }
}
