import type { MemoryBuilder } from '../../memory/memory-builder.js'
import { orders, type PageSet } from '../../pages/page-set.js'
import { forEachRun } from '../../pages/runs.js'
import { createTables } from '../page-table/build.js'
import type { TrackerOptions } from '../place.js'
import { copyBits } from '../shared/bits.js'
import { createBuiltBits } from '../shared/built-bits.js'
import { attachAddresses } from '../shared/place.js'
import { noCounts, type TrackerEncoder, type TrackerWriter } from '../writer.js'

/** The one tree of the mail: the bit of each page is set when it is preserved. */
export const mailEncoder: TrackerEncoder = {
  refuse: refuseSet,
  createWriter: createMailWriter,
  attach: attachAddresses,
}

function refuseSet(pages: PageSet): string | null {
  const high = orders(pages).find(order => order > 0)
  return high === undefined ? null : `order ${high}: the tree is of pages and knows no orders`
}

function createMailWriter(builder: MemoryBuilder, options: TrackerOptions): TrackerWriter {
  const { pageSize, bitmapBits } = options.geometry
  const counts = noCounts()
  const built = createBuiltBits(builder)
  const { findLeaf, makeLeaf, rootOf } = createTables(builder, counts, built)

  function setPages(first: number, end: number): void {
    for (let page = first; page < end; ) {
      const within = page % bitmapBits
      const count = Math.min(bitmapBits - within, end - page)
      built.fill(makeLeaf(0, page, null), within, within + count)
      page += count
    }
  }

  return {
    counts,
    preserve(address, order) {
      const first = address / pageSize
      setPages(first, first + 2 ** order)
    },
    unpreserve(address, order) {
      const first = address / pageSize
      let had = false
      for (let page = first; page < first + 2 ** order; page++) {
        const leaf = findLeaf(0, page)
        if (leaf !== 0 && built.clear(leaf, page % bitmapBits)) had = true
      }
      return had
    },
    preserveAll(pages) {
      const bitmapOf = (first: number, whole: Uint8Array | null) => makeLeaf(0, first, whole)
      for (const order of orders(pages)) {
        if (order === 0) copyBits(pages, 0, bitmapBits, built, { bitmapOf })
        else
          forEachRun(pages.orders.get(order)!, (first, end) => setPages(first * 2 ** order, end * 2 ** order))
      }
    },
    finish: () => ({ addresses: [rootOf(0)] }),
  }
}
