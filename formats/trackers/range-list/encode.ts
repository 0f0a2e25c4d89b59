import type { MemoryBuilder } from '../../memory/memory-builder.js'
import { viewOf } from '../../memory/u64.js'
import { forEachRange } from '../../pages/runs.js'
import type { TrackerOptions } from '../place.js'
import { attachAddresses } from '../shared/place.js'
import { createPageMarks, refuseHighOrders } from '../shared/single-pages.js'
import { noCounts, type TrackerEncoder, type TrackerWriter } from '../writer.js'
import { RANGE_COUNT, RANGE_ENTRY, RANGE_HEADER, RANGE_NEXT, RANGE_SIZE, RANGE_START } from './shape.js'

/** The list of ranges of April 2025, sorted and merged. As posted, each range has a chunk of its own. */
export const rangeEncoder: TrackerEncoder = {
  refuse: refuseHighOrders,
  createWriter: createRangeWriter,
  attach: attachAddresses,
}

function createRangeWriter(builder: MemoryBuilder, options: TrackerOptions): TrackerWriter {
  const counts = noCounts()
  const { pages, marks } = createPageMarks(options.geometry, counts)
  return {
    counts,
    ...marks,
    finish() {
      let first = 0
      let before: DataView | null = null
      forEachRange(pages, (start, end) => {
        const { address, bytes } = builder.allocate()
        const view = viewOf(bytes)
        view.setBigUint64(RANGE_COUNT, 1n, true)
        view.setBigUint64(RANGE_HEADER + RANGE_START, BigInt(start), true)
        view.setBigUint64(RANGE_HEADER + RANGE_SIZE, BigInt(end - start), true)
        if (before === null) first = address
        else before.setBigUint64(RANGE_NEXT, BigInt(address), true)
        before = view
        counts.allocations++
        counts.finalizeBytes += bytes.length
        counts.copiedBytes += RANGE_ENTRY
      })
      return { addresses: [first] }
    },
  }
}
