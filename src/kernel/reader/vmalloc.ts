import { KHO_VMALLOC, KHO_VMALLOC_CHUNK, offsetOf } from '../../../formats/layout/index.js'
import { hex } from '../../../formats/memory/fault.js'
import type { Geometry } from '../../../formats/memory/geometry.js'
import { u64, viewOf } from '../../../formats/memory/u64.js'
import { Halt, pointerAt, type ReaderMemory } from './memory.js'
import type { Restorer } from './restore.js'

/** A vmalloc area that was put together again: which page lies where in it. */
export interface RestoredArea {
  /** Addresses of its pages, in the order of the mapping. */
  pages: Float64Array
}

/** NULL, and why. */
export interface NoArea {
  reason: string
  /** The rule that explains it. */
  rule: string
  address: number | null
  /** The kernel warned on the way. */
  warns: boolean
}

/** Where a descriptor has what is looked at: a hundred thousand files may share one. */
const FIRST = offsetOf(KHO_VMALLOC, 'first')
const TOTAL_PAGES = offsetOf(KHO_VMALLOC, 'totalPages')
const ORDER = offsetOf(KHO_VMALLOC, 'order')

/** A list of more pages is more than INT_MAX bytes, of which kvmalloc() warns. */
const MOST_PAGES = 2 ** 28

/**
 * kho_restore_vmalloc(), 6.18 to 7.3: the descriptor at `address`, then chunk after chunk; each run and each chunk page is
 * restored. No pointer is checked. Throws Halt where the kernel faults.
 */
export function restoreVmalloc(
  memory: ReaderMemory,
  geometry: Geometry,
  restorer: Restorer,
  address: number,
): RestoredArea | NoArea {
  const { pageSize } = geometry
  const descriptor = viewOf(memory.read(address, KHO_VMALLOC.size))
  const totalPages = descriptor.getUint32(TOTAL_PAGES, true)
  const order = descriptor.getUint16(ORDER, true)
  // `1 << order` in an int, then as an unsigned long: bit 31 becomes more than any count.
  const run = order % 32 === 31 ? Number.POSITIVE_INFINITY : 2 ** (order % 32)
  if (totalPages > MOST_PAGES) {
    return none(
      'VMALLOC-COUNT-MISMATCH',
      `${totalPages} pages are more than can be allocated for`,
      address,
      true,
    )
  }
  // Most lists of files that share one are refused at their first run.
  let pages: Float64Array | null = null
  let count = 0
  let chunk = pointerAt(descriptor, FIRST)
  while (chunk !== 0) {
    // The link is read last, when all entries have come back.
    const words = viewOf(memory.read(chunk + KHO_VMALLOC_CHUNK.size, pageSize - KHO_VMALLOC_CHUNK.size))
    for (let at = 0; at < words.byteLength; at += 8) {
      const entry = u64(words, at)
      if (entry === 0) break
      if (count + run > totalPages) {
        return none('VMALLOC-COUNT-MISMATCH', `more runs than the ${totalPages} pages of the area`, chunk)
      }
      const lost = restorer.pages(entry, run)
      if (lost !== null) {
        const rule = entry < 2 ** 52 ? 'VMALLOC-UNPRESERVED' : 'VMALLOC-ENTRY'
        const reason = `run ${hex(entry)} is not restored: ${lost.failed.reason}`
        return none(rule, reason, chunk, lost.failed.warns)
      }
      const first = entry - (entry % pageSize)
      pages ??= new Float64Array(totalPages)
      for (let n = 0; n < run; n++) pages[count++] = first + n * pageSize
    }
    const lost = restorer.pages(chunk, 1)
    if (lost !== null) {
      return none(
        'VMALLOC-UNPRESERVED',
        `chunk page ${hex(chunk)} is not restored: ${lost.failed.reason}`,
        chunk,
        lost.failed.warns,
      )
    }
    chunk = memory.u64(chunk)
  }
  if (count !== totalPages) {
    return none('VMALLOC-COUNT-MISMATCH', `${count} pages were found, not ${totalPages}`, address)
  }
  return { pages: pages ?? new Float64Array(0) }
}

function none(rule: string, reason: string, address: number | null, warns = false): NoArea {
  return {
    rule,
    reason,
    warns,
    address: address !== null && address >= 0 && address < 2 ** 52 ? address : null,
  }
}

/** Bytes of an area, from its start. Past its last page there is a guard page. @throws Halt */
export function readArea(
  memory: ReaderMemory,
  geometry: Geometry,
  area: RestoredArea,
  offset: number,
  length: number,
): Uint8Array {
  const { pageSize } = geometry
  const index = Math.floor(offset / pageSize)
  const page = area.pages[index]
  if (page === undefined) {
    throw new Halt({
      kind: 'oops',
      message: `access past the ${area.pages.length} pages of the area`,
      address: null,
    })
  }
  return memory.read(page + (offset % pageSize), length)
}
