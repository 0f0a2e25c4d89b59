import { KhoError } from '../error.js'
import { KHO_VMALLOC_ALLOC, KHO_VMALLOC_CHUNK, KHO_VMALLOC_HUGE_VMAP } from '../layout/index.js'
import type { Geometry } from '../memory/geometry.js'
import { viewOf } from '../memory/u64.js'
import type { Allocation, PageAllocator } from './allocator.js'
import { chunkEntries } from './vmalloc.js'

/** The fields of a struct kho_vmalloc, to be written where its user wants it. */
export interface VmallocDescriptor {
  first: number
  totalPages: number
  flags: number
  order: number
}

/** An area of which no chunk was written: what a memfd without folios has. */
export const NO_VMALLOC: VmallocDescriptor = { first: 0, totalPages: 0, flags: 0, order: 0 }

/**
 * Writes the chunk pages of an area made of `runs`, as kho_preserve_vmalloc() of 7.2 does: a chunk that gets exactly
 * full is followed by another one, even if that stays empty. Throws `usage` for an area without runs.
 */
export function encodeVmalloc(
  allocator: PageAllocator,
  geometry: Geometry,
  runs: ArrayLike<number>,
  order = 0,
  flags = order > 0 ? KHO_VMALLOC_ALLOC | KHO_VMALLOC_HUGE_VMAP : KHO_VMALLOC_ALLOC,
): VmallocDescriptor {
  if (runs.length === 0) throw new KhoError('usage', 'a vmalloc area has at least one run')
  const capacity = chunkEntries(geometry.pageSize)
  const first = allocator.allocate(1)
  let chunk: Allocation = first
  let used = 0
  for (let index = 0; index < runs.length; index++) {
    const at = KHO_VMALLOC_CHUNK.size + used * 8
    viewOf(chunk.bytes).setBigUint64(at, BigInt(runs[index] as number), true)
    if (++used < capacity) continue
    const next = allocator.allocate(1)
    KHO_VMALLOC_CHUNK.write(chunk.bytes, 0, { next: next.address })
    chunk = next
    used = 0
  }
  return { first: first.address, totalPages: runs.length * 2 ** order, flags, order }
}

/** Allocates pages for `data` in runs of 2^order, copies it there, and writes the chunk pages. */
export function storeVmalloc(
  allocator: PageAllocator,
  geometry: Geometry,
  data: Uint8Array,
  order = 0,
): VmallocDescriptor {
  const runBytes = 2 ** order * geometry.pageSize
  const runs: number[] = []
  for (let offset = 0; offset === 0 || offset < data.length; offset += runBytes) {
    const run = allocator.allocate(2 ** order)
    run.bytes.set(data.subarray(offset, offset + runBytes))
    runs.push(run.address)
  }
  return encodeVmalloc(allocator, geometry, runs, order)
}
