import type { Geometry } from '../memory/geometry.js'
import type { Absent, PhysicalMemory, Present } from '../memory/physical-memory.js'
import type { Vmalloc } from './memory-types.js'

/** A piece of an area's contents, and where it lies. */
export interface VmallocPiece {
  /** Bytes from the start of the area. */
  offset: number
  length: number
  /** Physical address; null where the entry is none. */
  address: number | null
  read: Present | Absent
}

/** Longest piece that is read at a time. */
const PIECE = 1 << 18
/** Absent pages of long runs that are asked for one by one; after that, what is left of a run counts as absent. */
const MOST_ABSENT_PAGES = 1 << 18

/**
 * The first `length` bytes of an area, in order, in pieces that lie in one run each. Stops where the entries do. Where
 * runs overlap, no more is given than the dump is long: then an area can claim far more than there is.
 */
export function* vmallocPieces(
  memory: PhysicalMemory,
  vmalloc: Vmalloc,
  geometry: Geometry,
  length: number,
): Generator<VmallocPiece> {
  const { pageSize } = geometry
  const runBytes = 2 ** vmalloc.order * pageSize
  const most = vmalloc.overlapping ? Math.min(length, Math.max(memory.inputSize, runBytes)) : length
  const end = Math.min(most, vmalloc.runs.length * runBytes)
  let patience = MOST_ABSENT_PAGES
  for (let offset = 0; offset < end; ) {
    const inRun = offset % runBytes
    const run = vmalloc.runs[(offset - inRun) / runBytes] as number
    const rest = Math.min(runBytes - inRun, end - offset)
    if (run === 0) {
      yield { offset, length: rest, address: null, read: { ok: false, reason: 'outside', address: 0 } }
      offset += rest
      continue
    }
    const address = run + inRun
    if (patience <= 0) {
      const reason = memory.read(address, 1)
      yield {
        offset,
        length: rest,
        address,
        read: reason.ok ? { ok: false, reason: 'unreadable', address } : reason,
      }
      offset += rest
      continue
    }
    const piece = Math.min(rest, PIECE - (inRun % PIECE))
    const read = memory.read(address, piece)
    if (read.ok || piece <= pageSize) {
      yield { offset, length: piece, address, read }
    } else {
      for (let at = 0; at < piece; at += pageSize) {
        const size = Math.min(pageSize, piece - at)
        const single = memory.read(address + at, size)
        if (!single.ok) patience--
        yield { offset: offset + at, length: size, address: address + at, read: single }
      }
    }
    offset += piece
  }
}
