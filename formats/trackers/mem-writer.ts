import type { MemoryBuilder } from '../memory/memory-builder.js'
import { viewOf } from '../memory/u64.js'
import { addRun, createPageSet, orders, removeBlock } from '../pages/page-set.js'
import { forEachRange } from '../pages/runs.js'
import { MEM_ENTRY } from './mem-array.js'
import type { TrackerOptions, TrackerRoot } from './tracker.js'
import { noCounts, type TrackerEncoder, type TrackerWriter } from './writer.js'

/** A root that carries the ranges themselves: the `mem` property of one node. */
interface MemRoot extends TrackerRoot {
  mem: Uint8Array
}

/** `mem` arrays of patches v1 to v4: ranges in the FDT, nothing beside it. */
export const memEncoder: TrackerEncoder = {
  refuse(pages) {
    const high = orders(pages).find(order => order > 0)
    return high === undefined ? null : `order ${high}: mem arrays are ranges of bytes and know no orders`
  },
  createWriter: createMemWriter,
  attach: root => ({
    properties: [],
    children: [{ name: 'preserved', properties: [{ name: 'mem', value: (root as MemRoot).mem }] }],
  }),
}

function createMemWriter(_builder: MemoryBuilder, options: TrackerOptions): TrackerWriter {
  const counts = noCounts()
  const pages = createPageSet(options.geometry.pageShift)
  const { pageShift, pageSize } = options.geometry
  return {
    counts,
    preserve(address, order) {
      counts.steps++
      addRun(pages, 0, address / pageSize, 2 ** order)
    },
    unpreserve(address, order) {
      for (let i = 0; i < 2 ** order; i++) removeBlock(pages, address + i * pageSize, 0)
      return true
    },
    preserveAll(set) {
      forEachRange(set, (start, end) => {
        counts.steps++
        addRun(pages, 0, start / pageSize, (end - start) / 2 ** pageShift)
      })
    },
    finish(): MemRoot {
      let ranges = 0
      forEachRange(pages, () => {
        ranges++
      })
      const mem = new Uint8Array(ranges * MEM_ENTRY)
      const view = viewOf(mem)
      let at = 0
      forEachRange(pages, (start, end) => {
        view.setBigUint64(at, BigInt(start), true)
        view.setBigUint64(at + 8, BigInt(end - start), true)
        at += MEM_ENTRY
      })
      counts.bytesAtRest = mem.length
      counts.finalizeBytes = mem.length
      return { addresses: [], mem }
    },
  }
}
