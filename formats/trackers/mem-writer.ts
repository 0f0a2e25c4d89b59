import { nativeU64Bytes } from '../fdt/index.js'
import { ADDRESS_LIMIT } from '../memory/geometry.js'
import type { MemoryBuilder } from '../memory/memory-builder.js'
import { addBlock, createPageSet, orders, removeBlock } from '../pages/page-set.js'
import { forEachBlock, forEachRange } from '../pages/runs.js'
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
  return {
    counts,
    preserve(address, order) {
      counts.steps++
      for (let i = 0; i < 2 ** order; i++) addBlock(pages, address + i * options.geometry.pageSize, 0)
    },
    unpreserve(address, order) {
      for (let i = 0; i < 2 ** order; i++) removeBlock(pages, address + i * options.geometry.pageSize, 0)
      return true
    },
    preserveAll(set) {
      forEachBlock(set, (address, order) => this.preserve(address, order))
    },
    finish(): MemRoot {
      const values: bigint[] = []
      forEachRange(pages, (start, end) => {
        if (end <= ADDRESS_LIMIT) values.push(BigInt(start), BigInt(end - start))
      })
      const mem = nativeU64Bytes(...values)
      counts.bytesAtRest = mem.length
      counts.finalizeBytes = (mem.length / MEM_ENTRY) * MEM_ENTRY
      return { addresses: [], mem }
    },
  }
}
