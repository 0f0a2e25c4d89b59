import type { PageAllocator } from '../../../formats/blobs/index.js'
import type { Geometry } from '../../../formats/memory/geometry.js'
import { checkRequest, type PhysicalMemory } from '../../../formats/memory/physical-memory.js'

/** RAM of a test: what was allocated is there, the rest is not. */
export interface TestMemory extends PhysicalMemory, PageAllocator {
  /** The page at `address`, to be written to. */
  page(address: number): Uint8Array
  /** Forgets a page: reads of it fail as `excluded`. */
  drop(address: number): void
  /** Address of the next page to be allocated. */
  readonly next: number
}

/** An empty memory; pages are handed out from `base` on, with a page left out between any two allocations. */
export function testMemory(geometry: Geometry, base = 0x10_0000_0000): TestMemory {
  const { pageSize } = geometry
  const pages = new Map<number, Uint8Array>()
  const dropped = new Set<number>()
  let next = base
  let used = 0
  return {
    ranges: [{ start: base, end: base + 2 ** 40 }],
    get inputSize() {
      return used
    },
    get next() {
      return next
    },
    allocate(count) {
      const address = next
      const bytes = new Uint8Array(count * pageSize)
      for (let page = 0; page < count; page++) {
        pages.set(address + page * pageSize, bytes.subarray(page * pageSize, (page + 1) * pageSize))
      }
      used += bytes.length
      next += (count + 1) * pageSize
      return { address, bytes }
    },
    page(address) {
      const page = pages.get(address)
      if (page === undefined) throw new Error(`no page at ${address.toString(16)}`)
      return page
    },
    drop(address) {
      pages.delete(address)
      dropped.add(address)
    },
    read(phys, length) {
      checkRequest(phys, length)
      const out = new Uint8Array(length)
      for (let at = 0; at < length; ) {
        const address = phys + at
        const start = address - (address % pageSize)
        const page = pages.get(start)
        if (page === undefined)
          return { ok: false, reason: dropped.has(start) ? 'excluded' : 'outside', address }
        const piece = page.subarray(address - start, Math.min(pageSize, address - start + length - at))
        out.set(piece, at)
        at += piece.length
      }
      return { ok: true, bytes: out, offset: null }
    },
    *blocks() {
      for (const [phys, bytes] of pages) yield { phys, bytes, offset: null }
    },
  }
}
