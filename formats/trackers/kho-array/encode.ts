import { KHO_ARRAY_MAGIC } from '../../layout/kho-array.js'
import type { MemoryBuilder } from '../../memory/memory-builder.js'
import { viewOf } from '../../memory/u64.js'
import { refuseOrders } from '../chunk-list/encode.js'
import type { TrackerOptions } from '../place.js'
import { createBitmapIndex } from '../shared/bitmap-index.js'
import { attachAddresses } from '../shared/place.js'
import { WORD } from '../shared/read.js'
import { noCounts, type TrackerEncoder, type TrackerWriter } from '../writer.js'
import {
  ARRAY_BITMAP,
  ARRAY_HEADER,
  ARRAY_PAGE_HEADER,
  arrayCapacity,
  DIRECT_MAP,
  ELEMENT,
  ELEMENT_OBJECT,
  HEADER,
  PAGE_NEXT,
  PAGE_START,
} from './shape.js'

/** The array RFC of September 2025: bitmaps as in 6.17, found through an array of direct-map addresses. */
export const arrayEncoder: TrackerEncoder = {
  refuse: refuseOrders,
  createWriter: createArrayWriter,
  attach: attachAddresses,
}

function createArrayWriter(builder: MemoryBuilder, options: TrackerOptions): TrackerWriter {
  const { geometry } = options
  const bits = ARRAY_BITMAP * 8
  const counts = noCounts()
  const index = createBitmapIndex(builder, ARRAY_BITMAP, counts)

  /** One element for each bitmap: what the array's entries point to. */
  function makeElements(): number[] {
    const elements: number[] = []
    for (const order of [...index.byOrder.keys()].sort((a, b) => a - b)) {
      const { bitmaps } = index.byOrder.get(order)!
      for (const at of [...bitmaps.keys()].sort((a, b) => a - b)) {
        const { address, bytes } = builder.allocateObject(ELEMENT_OBJECT)
        const view = viewOf(bytes)
        view.setBigUint64(ELEMENT.physStart, BigInt(at * bits * 2 ** (geometry.pageShift + order)), true)
        view.setUint32(ELEMENT.order, order, true)
        view.setBigUint64(ELEMENT.bitmap, BigInt(bitmaps.get(at)!.address), true)
        counts.finalizeBytes += ELEMENT_OBJECT
        elements.push(address)
      }
    }
    return elements
  }

  return {
    counts,
    ...index.marks,
    finish() {
      const header = builder.allocateObject(ARRAY_HEADER)
      const view = viewOf(header.bytes)
      view.setUint32(HEADER.magic, KHO_ARRAY_MAGIC, true)
      const elements = makeElements()
      const capacity = arrayCapacity(geometry)
      let link = { view, offset: HEADER.first }
      for (let first = 0; first < elements.length; first += capacity) {
        const page = builder.allocate()
        const words = viewOf(page.bytes)
        link.view.setBigUint64(link.offset, BigInt(page.address), true)
        words.setBigUint64(PAGE_START, BigInt(first), true)
        elements.slice(first, first + capacity).forEach((address, slot) => {
          words.setBigUint64(ARRAY_PAGE_HEADER + slot * WORD, DIRECT_MAP + BigInt(address), true)
          counts.copiedBytes += WORD
        })
        counts.finalizeBytes += geometry.pageSize
        link = { view: words, offset: PAGE_NEXT }
      }
      return { addresses: [header.address] }
    },
  }
}
