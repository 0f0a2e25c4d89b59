import type { MemoryBuilder } from '../../memory/memory-builder.js'
import { orders, type PageSet } from '../../pages/page-set.js'
import type { TrackerOptions } from '../place.js'
import { clearBit, copyBits, setBit } from '../shared/bits.js'
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
  const { leafOf: leafIn, rootOf } = createTables(builder, counts)
  const known = createXarray(counts)
  const seen = new Set<number>()

  /** The patch keeps the descriptors of the top tables in an xarray, until it writes them down at finalize. */
  const leafOf = (order: number, block: number, create: boolean) => {
    if (create && !seen.has(order)) {
      seen.add(order)
      known.store(order)
      counts.allocations++
      counts.indexBytes += WORD
    }
    counts.steps += orderSteps(known, order)
    return leafIn(order, block, create)
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
      counts.copiedBytes += seen.size * WORD
      const addresses = Array.from({ length: TABLE_ORDERS }, (_, order) => rootOf(order))
      return { addresses }
    },
  }
}
