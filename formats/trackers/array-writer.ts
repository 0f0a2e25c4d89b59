import { KHO_ARRAY, KHO_ARRAY_MAGIC, KHO_ARRAY_PAGE } from '../layout/kho-array.js'
import type { MemoryBuilder } from '../memory/memory-builder.js'
import { viewOf } from '../memory/u64.js'
import { createBitmapIndex } from './bitmap-index.js'
import { SMALL_BITMAP } from './chunk-list.js'
import { chunkEncoder } from './chunk-writer.js'
import { DIRECT_MAP } from './kho-array.js'
import type { TrackerOptions } from './tracker.js'
import { noCounts, type TrackerEncoder, type TrackerWriter } from './writer.js'

const HEADER_OBJECT = KHO_ARRAY.size
const PAGE_HEADER = KHO_ARRAY_PAGE.size
const ELEMENT_OBJECT = 32

/** The array RFC of September 2025: bitmaps as in 6.17, found through an array of direct-map addresses. */
export const arrayEncoder: TrackerEncoder = {
  ...chunkEncoder,
  createWriter: createArrayWriter,
}

function createArrayWriter(builder: MemoryBuilder, options: TrackerOptions): TrackerWriter {
  const { geometry } = options
  const bits = SMALL_BITMAP * 8
  const counts = noCounts()
  const index = createBitmapIndex(builder, SMALL_BITMAP, counts)

  /** One element for each bitmap: what the array's entries point to. */
  function makeElements(): number[] {
    const elements: number[] = []
    for (const order of [...index.byOrder.keys()].sort((a, b) => a - b)) {
      const { bitmaps } = index.byOrder.get(order)!
      for (const at of [...bitmaps.keys()].sort((a, b) => a - b)) {
        const { address, bytes } = builder.allocateObject(ELEMENT_OBJECT)
        const view = viewOf(bytes)
        view.setBigUint64(0, BigInt(at * bits * 2 ** (geometry.pageShift + order)), true)
        view.setUint32(8, order, true)
        view.setBigUint64(16, BigInt(bitmaps.get(at)!.address), true)
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
      const header = builder.allocateObject(HEADER_OBJECT)
      const view = viewOf(header.bytes)
      view.setUint32(0, KHO_ARRAY_MAGIC, true)
      const elements = makeElements()
      const capacity = (geometry.pageSize - PAGE_HEADER) / 8
      let link = { view, offset: 8 }
      for (let first = 0; first < elements.length; first += capacity) {
        const page = builder.allocate()
        const words = viewOf(page.bytes)
        link.view.setBigUint64(link.offset, BigInt(page.address), true)
        words.setBigUint64(8, BigInt(first), true)
        elements.slice(first, first + capacity).forEach((address, slot) => {
          words.setBigUint64(PAGE_HEADER + slot * 8, DIRECT_MAP + BigInt(address), true)
          counts.copiedBytes += 8
        })
        counts.finalizeBytes += geometry.pageSize
        link = { view: words, offset: 0 }
      }
      return { addresses: [header.address] }
    },
  }
}
