import { hex } from '../../memory/fault.js'
import type { FaultLog } from '../../memory/fault-log.js'
import { addBitmap, blockSize, type PageSet } from '../../pages/page-set.js'
import { isBlockOrder } from './describe.js'
import { nodePath } from './read.js'

/** What the writer up to 7.0 stores as order for a range that begins at pfn 0 (count_trailing_zeros(0) was -1). */
export const WRAPPED_ORDER = 0xffffffff

/**
 * Takes one entry of a list, which lies at `at`: a bitmap, and the blocks that it stands for. Numbers and no object, because
 * lists have as many entries as anybody who wants to hurt a reader puts there.
 */
export type VisitElement = (at: number, order: number, physStart: number, bitmap: number) => void

/** Adds one bitmap to the set, or says why its blocks cannot be. */
export function addElement(
  pages: PageSet,
  at: number,
  order: number,
  physStart: number,
  bitmap: number,
  words: Uint32Array,
  bitmapBytes: number,
  faults: FaultLog,
  bad: () => void,
): void {
  if (order === WRAPPED_ORDER) {
    const message =
      'order 0xffffffff: a range that began at pfn 0 was recorded with order -1 (count_trailing_zeros(0) was -1 up to 7.0); the range itself is not preserved'
    faults.of('PFN0-ORDER')?.(message, at, nodePath(bitmap))
    return
  }
  if (!isBlockOrder(pages, order)) {
    bad()
    faults.of('CHUNK-ORDER')?.(`order ${order} makes blocks larger than any memory`, at, nodePath(bitmap))
    return
  }
  if ((bitmap & (Math.min(bitmapBytes, 4096) - 1)) !== 0) {
    faults.of('CHUNK-BITMAP-ALIGN')?.(
      `bitmap ${hex(bitmap)} is not aligned to its ${bitmapBytes} bytes`,
      at + 8,
      nodePath(bitmap),
    )
  }
  // Sizes are powers of two; `%` of numbers this large is a call of fmod().
  const size = blockSize(pages, order)
  const first = Math.floor(physStart / size)
  if (first * size !== physStart) {
    faults.of('CHUNK-START-ALIGN')?.(
      `bitmap for order ${order} begins at ${hex(physStart)}, inside a block of ${size} bytes`,
      at,
      nodePath(bitmap),
    )
    return
  }
  if ((first & (bitmapBytes * 8 - 1)) !== 0) {
    faults.of('CHUNK-START-SPAN')?.(
      `bitmap for order ${order} begins at ${hex(physStart)}, no multiple of the ${bitmapBytes * 8} blocks it spans`,
      at,
      nodePath(bitmap),
    )
  }
  const lost = addBitmap(pages, order, first, words)
  if (lost > 0)
    faults.of('BLOCK-ADDRESS')?.(
      `${lost} blocks of order ${order} lie at or above 2^52`,
      at,
      nodePath(bitmap),
    )
}
