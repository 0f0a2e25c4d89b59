import type { Geometry } from '../memory/geometry.js'
import type { Absent, PhysicalMemory } from '../memory/physical-memory.js'
import { viewOf } from '../memory/u64.js'
import type { KhoTest, KhoTestFolios } from './types.js'

/** The most that is read at a time; sums of so many words stay exact. */
const PIECE = 1 << 20
const ONES = 0xffff_ffff

/**
 * csum_partial() of x86-64, chained: the ones' complement sum of the 32-bit words. `bytes` is a multiple of 4 long. On other
 * architectures the value differs, but not modulo 0xffff.
 */
export function csumPartial(bytes: Uint8Array, sum = 0): number {
  const view = viewOf(bytes)
  let total = sum
  let touched = sum !== 0
  for (let start = 0; start < bytes.length; start += PIECE) {
    const end = Math.min(bytes.length, start + PIECE)
    let words = 0
    for (let at = start; at < end; at += 4) words += view.getUint32(at, true)
    touched ||= words !== 0
    total = (total + words) % ONES
  }
  return total === 0 && touched ? ONES : total
}

/**
 * The same on arm64, where do_csum() folds the sum of each piece to 16 bits before it is added: `part` is what x86-64 makes
 * of the piece. csum_partial() of lib/checksum.c, do_csum() of arch/arm64/lib/csum.c, 7.3.
 */
export function addFoldedSum(sum: number, part: number): number {
  const once = (part >>> 16) + (part & 0xffff)
  const total = sum + (once >>> 16) + (once & 0xffff)
  return total > ONES ? total - ONES : total
}

/** The x86-64 sum over the contents of all folios, in order; or where the dump lacks one of them. */
export function sumFolios(
  memory: PhysicalMemory,
  folios: KhoTestFolios,
  geometry: Geometry,
): { ok: true; sum: number } | Absent {
  const most = memory.ranges.reduce((total, range) => total + (range.end - range.start), 0)
  let done = 0
  let sum = 0
  for (let n = 0; n < folios.count; n++) {
    const address = folios.address[n] as number
    const size = 2 ** (folios.order[n] as number) * geometry.pageSize
    // Folios that are together larger than all RAM are a broken list, not one to be summed for hours.
    done += size
    if (address === 0 || done > most) return { ok: false, reason: 'outside', address }
    for (let at = 0; at < size; at += PIECE) {
      const read = memory.read(address + at, Math.min(PIECE, size - at))
      if (!read.ok) return read
      sum = csumPartial(read.bytes, sum)
    }
  }
  return { ok: true, sum }
}

/**
 * Whether the contents of the folios are those that were summed before the jump, as far as that can be said on
 * every architecture: modulo 0xffff. `unknown` where the dump lacks some of them.
 */
export function checkKhoTestSum(
  memory: PhysicalMemory,
  test: KhoTest,
  geometry: Geometry,
): 'same' | 'different' | 'unknown' {
  if (test.csum === null || test.folios.count !== test.nrFolios) return 'unknown'
  const found = sumFolios(memory, test.folios, geometry)
  if (!found.ok) return 'unknown'
  return found.sum % 0xffff === test.csum % 0xffff ? 'same' : 'different'
}
