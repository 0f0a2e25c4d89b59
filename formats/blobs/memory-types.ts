import type { Absence } from '../memory/fault.js'
import type { Range } from '../memory/range.js'

/** Where a list stops being known: the dump lacks the bytes that say how it goes on. */
export interface Gap {
  /** Physical address of the structure that is not there. */
  address: number
  reason: Absence
}

/** A preserved vmalloc area. Structures: include/linux/kho/abi/kexec_handover.h, 6.18 to 7.2. */
export interface Vmalloc {
  kind: 'vmalloc'
  path: string
  /** The descriptor; null where its own address is not known. */
  extent: Range | null
  /** First chunk page; null where the u64 is no address. */
  first: number | null
  /** Pages in the area, as the descriptor says. */
  totalPages: number
  flags: number
  /** Each run is 2^order contiguous pages. */
  order: number
  /** Addresses of the chunk pages, in list order. */
  chunks: number[]
  /** Addresses of the runs, in the order of the mapping; 0 where an entry is no page address. */
  runs: Float64Array
  /** True where the runs that were read are as many as the descriptor says. */
  complete: boolean
  /** True where two runs share a page. */
  overlapping: boolean
  /** The chunk page that the dump lacks; null where the chain was followed to its end, or to where it is broken. */
  gap: Gap | null
}

/** A preserved memfd: struct memfd_luo_ser, include/linux/kho/abi/memfd.h, 6.19 to 7.2. Its folios are read on demand. */
export interface Memfd {
  /** 1 for `memfd-v1`, 2 for `memfd-v2`. */
  version: 1 | 2
  /** Path of its file; of the first one, where several have the same handle. */
  path: string
  extent: Range
  /** File position in bytes; null where the u64 is 2^53 or more. */
  position: number | null
  /** File size in bytes; null where the u64 is 2^53 or more. */
  size: number | null
  /** F_SEAL_ mask; null in version 1, which hands over none. */
  seals: number | null
  /** Written as 0; null in version 1. */
  flags: number | null
  /** Entries in the list of folios; null where the u64 is 2^53 or more. */
  nrFolios: number | null
  /** The list of folios; null where there is none, which is what 0 folios mean. */
  vmalloc: Vmalloc | null
}
