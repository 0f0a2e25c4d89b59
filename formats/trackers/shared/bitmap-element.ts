import { hex } from '../../memory/fault.js'
import type { FaultLog } from '../../memory/fault-log.js'
import { addBitmap, blockSize, type PageSet } from '../../pages/page-set.js'
import { nodePath } from './read.js'

/** What the writer up to 7.0 stores as order for a range that begins at pfn 0 (count_trailing_zeros(0) was -1). */
export const WRAPPED_ORDER = 0xffffffff

/** One entry of a chunk. */
export interface ChunkElement {
  /** Address of the entry itself. */
  at: number
  order: number
  physStart: number
  bitmap: number
}

/** Adds one bitmap to the set, or says why its blocks cannot be. */
export function addElement(
  pages: PageSet,
  element: ChunkElement,
  words: Uint32Array,
  bitmapBytes: number,
  faults: FaultLog,
  bad: () => void,
): void {
  const { order, physStart, at } = element
  if (order === WRAPPED_ORDER) {
    const message =
      'order 0xffffffff: a range that began at pfn 0 was recorded with order -1 (count_trailing_zeros(0) was -1 up to 7.0); the range itself is not preserved'
    faults.add('PFN0-ORDER', message, at, nodePath(element.bitmap))
    return
  }
  if (order + pages.pageShift >= 52) {
    bad()
    faults.add(
      'CHUNK-ORDER',
      `order ${order} makes blocks larger than any memory`,
      at,
      nodePath(element.bitmap),
    )
    return
  }
  if (element.bitmap % Math.min(bitmapBytes, 4096) !== 0) {
    faults.add(
      'CHUNK-BITMAP-ALIGN',
      `bitmap ${hex(element.bitmap)} is not aligned to its ${bitmapBytes} bytes`,
      at + 8,
      nodePath(element.bitmap),
    )
  }
  const size = blockSize(pages, order)
  if (physStart % size !== 0) {
    const message = `bitmap for order ${order} begins at ${hex(physStart)}, inside a block of ${size} bytes`
    faults.add('CHUNK-START-ALIGN', message, at, nodePath(element.bitmap))
    return
  }
  if ((physStart / size) % (bitmapBytes * 8) !== 0) {
    const message = `bitmap for order ${order} begins at ${hex(physStart)}, no multiple of the ${bitmapBytes * 8} blocks it spans`
    faults.add('CHUNK-START-SPAN', message, at, nodePath(element.bitmap))
  }
  const lost = addBitmap(pages, order, physStart / size, words)
  if (lost > 0)
    faults.add(
      'BLOCK-ADDRESS',
      `${lost} blocks of order ${order} lie at or above 2^52`,
      at,
      nodePath(element.bitmap),
    )
}
