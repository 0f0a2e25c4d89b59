import type { MemoryBuilder } from '../../memory/memory-builder.js'
import { viewOf } from '../../memory/u64.js'
import { forEachRange } from '../../pages/runs.js'
import type { TrackerOptions, TrackerRoot } from '../place.js'
import { createPageMarks, refuseHighOrders } from '../shared/single-pages.js'
import { noCounts, type TrackerEncoder, type TrackerWriter } from '../writer.js'
import { ENTRY_ADDRESS, ENTRY_SIZE, MEM_ENTRY } from './entries.js'

/** A root that carries the ranges themselves: the `mem` property of one node. */
interface MemRoot extends TrackerRoot {
  mem: Uint8Array
}

/** `mem` arrays of patches v1 to v4: ranges in the FDT, nothing beside it. */
export const memEncoder: TrackerEncoder = {
  refuse: refuseHighOrders,
  createWriter: createMemWriter,
  attach: (root, { property }) => ({
    properties: [],
    children: [{ name: 'preserved', properties: [{ name: property, value: (root as MemRoot).mem }] }],
  }),
}

function createMemWriter(_builder: MemoryBuilder, options: TrackerOptions): TrackerWriter {
  const counts = noCounts()
  const { pages, marks } = createPageMarks(options.geometry, counts)
  return {
    counts,
    ...marks,
    finish(): MemRoot {
      let ranges = 0
      forEachRange(pages, () => {
        ranges++
      })
      const mem = new Uint8Array(ranges * MEM_ENTRY)
      const view = viewOf(mem)
      let at = 0
      forEachRange(pages, (start, end) => {
        view.setBigUint64(at + ENTRY_ADDRESS, BigInt(start), true)
        view.setBigUint64(at + ENTRY_SIZE, BigInt(end - start), true)
        at += MEM_ENTRY
      })
      counts.bytesAtRest = mem.length
      counts.finalizeBytes = mem.length
      return { addresses: [], mem }
    },
  }
}
