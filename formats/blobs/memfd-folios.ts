import { MEMFD_LUO_FOLIO_SER } from '../layout/index.js'
import type { Absence, Fault } from '../memory/fault.js'
import { createFaultLog } from '../memory/fault-log.js'
import type { Geometry } from '../memory/geometry.js'
import type { PhysicalMemory } from '../memory/physical-memory.js'
import { viewOf } from '../memory/u64.js'
import { folioFlags, folioIndex, folioPfn } from './memfd-folio.js'
import type { Memfd } from './memory-types.js'
import { vmallocPieces } from './vmalloc-read.js'

/** Entries of a folio list that could not be read. */
export interface MissingFolios {
  /** Number of the first one in the list. */
  first: number
  count: number
  reason: Absence
}

/**
 * The folio list of a memfd, as it stands. Entry `n` of the three arrays is the nth entry that could be read; where
 * `missing` is empty, that is the nth of the list.
 */
export interface MemfdFolios {
  /** Entries that were read. */
  count: number
  /** Page frame number of each folio's head; 0 is a hole. Up to 2^52 - 1, so not always an address when multiplied. */
  pfn: Float64Array
  /** Page offset in the file; inexact from 2^53 on. */
  index: Float64Array
  /** Bit 0 dirty, bit 1 up to date. */
  flags: Uint16Array
  /** In list order. */
  missing: MissingFolios[]
  faults: Fault[]
}

/** Reads a memfd's list of folios. Reads no more entries than its pages hold, whatever `nrFolios` says. */
export function readMemfdFolios(memory: PhysicalMemory, memfd: Memfd, geometry: Geometry): MemfdFolios {
  const log = createFaultLog()
  const missing: MissingFolios[] = []
  const wanted = memfd.nrFolios ?? Number.MAX_SAFE_INTEGER
  const size = MEMFD_LUO_FOLIO_SER.size
  let pfn = new Float64Array(0)
  let index = new Float64Array(0)
  let flags = new Uint16Array(0)
  let count = 0
  let end = 0
  if (memfd.vmalloc !== null) {
    for (const piece of vmallocPieces(memory, memfd.vmalloc, geometry, wanted * size)) {
      end = (piece.offset + piece.length) / size
      const entries = piece.length / size
      if (!piece.read.ok) {
        noteMissing(missing, piece.offset / size, entries, piece.read.reason)
        continue
      }
      if (count + entries > pfn.length) {
        const capacity = Math.max(count + entries, count * 2)
        pfn = grow(pfn, new Float64Array(capacity))
        index = grow(index, new Float64Array(capacity))
        flags = grow(flags, new Uint16Array(capacity))
      }
      const view = viewOf(piece.read.bytes)
      for (let at = 0; at < piece.length; at += size) {
        pfn[count] = folioPfn(view, at)
        flags[count] = folioFlags(view, at)
        index[count] = folioIndex(view, at)
        count++
      }
    }
  }
  for (const { first, count: lost, reason } of missing) {
    const message = `${lost} entries of the folio list, from ${first}, are not in the dump (${reason})`
    log.add('MEMFD-FOLIOS-ABSENT', message, memfd.vmalloc?.first ?? null, memfd.path, reason)
  }
  if (end < wanted) {
    const message = `folio list has ${memfd.nrFolios ?? 'too many'} entries, ${end} of them lie in its pages`
    log.add('MEMFD-FOLIOS-CUT', message, memfd.extent.start, memfd.path)
  }
  return {
    count,
    pfn: cut(pfn, count),
    index: cut(index, count),
    flags: cut(flags, count),
    missing,
    faults: log.list(),
  }
}

/** Number in its list of the nth entry that was read. */
export function folioNumber(folios: MemfdFolios, n: number): number {
  let number = n
  for (const gap of folios.missing) {
    if (gap.first > number) break
    number += gap.count
  }
  return number
}

function noteMissing(missing: MissingFolios[], first: number, count: number, reason: Absence): void {
  const last = missing.at(-1)
  if (last !== undefined && last.reason === reason && last.first + last.count === first) last.count += count
  else missing.push({ first, count, reason })
}

/** A view of a small array would give it a buffer of its own. */
function cut<T extends Float64Array | Uint16Array>(array: T, count: number): T {
  return array.length === count ? array : (array.subarray(0, count) as T)
}

function grow<T extends Float64Array | Uint16Array>(from: T, to: T): T {
  to.set(from)
  return to
}
