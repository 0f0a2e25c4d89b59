import { KHO_ARRAY_MAGIC } from '../../layout/kho-array.js'
import type { MemoryBuilder } from '../../memory/memory-builder.js'
import { createNumberList } from '../../memory/number-list.js'
import { setU64, viewOf } from '../../memory/u64.js'
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
  function makeElements(): Float64Array {
    const elements = createNumberList()
    let page = -1
    let view: DataView = new DataView(new ArrayBuffer(0))
    for (const order of index.orders()) {
      const span = bits * 2 ** (geometry.pageShift + order)
      index.forEach(order, (at, bitmap) => {
        const address = builder.allocateSlot(ELEMENT_OBJECT)
        const within = address & (geometry.pageSize - 1)
        if (address - within !== page) {
          page = address - within
          view = viewOf(builder.place(page, 1).bytes)
        }
        setU64(view, within + ELEMENT.physStart, at * span)
        view.setUint32(within + ELEMENT.order, order, true)
        setU64(view, within + ELEMENT.bitmap, bitmap)
        counts.finalizeBytes += ELEMENT_OBJECT
        elements.push(address)
      })
    }
    return elements.toArray()
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
        elements.subarray(first, first + capacity).forEach((address, slot) => {
          setVirtual(words, ARRAY_PAGE_HEADER + slot * WORD, address)
          counts.copiedBytes += WORD
        })
        counts.finalizeBytes += geometry.pageSize
        link = { view: words, offset: PAGE_NEXT }
      }
      return { addresses: [header.address] }
    },
  }
}

const DIRECT_MAP_HIGH = Number(DIRECT_MAP >> 32n)

/** Writes where an address is in the direct map, which begins at a multiple of 2^32: a bigint for each costs more than all else. */
function setVirtual(view: DataView, offset: number, address: number): void {
  setU64(view, offset, address)
  view.setUint32(offset + 4, view.getUint32(offset + 4, true) + DIRECT_MAP_HIGH, true)
}
