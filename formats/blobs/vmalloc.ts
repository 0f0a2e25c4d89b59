import {
  appendPath,
  KHO_VMALLOC,
  KHO_VMALLOC_ALLOC,
  KHO_VMALLOC_CHUNK,
  KHO_VMALLOC_HUGE_VMAP,
  offsetOf,
} from '../layout/index.js'
import { type ChainFault, followChain } from '../memory/chain.js'
import { hex } from '../memory/fault.js'
import { ADDRESS_LIMIT } from '../memory/geometry.js'
import { createNumberList, type NumberList } from '../memory/number-list.js'
import { rangeAt } from '../memory/range.js'
import { u64 } from '../memory/u64.js'
import { type BlobContext, claimPage, gapAt } from './context.js'
import type { Vmalloc } from './memory-types.js'

/** Runs of more than this are longer than any area can be. */
const MOST_ORDER = 31

const CHUNK_NEXT = offsetOf(KHO_VMALLOC_CHUNK, 'next')

/** Entries of one chunk page: 511, 2047 or 8191. */
export function chunkEntries(pageSize: number): number {
  return (pageSize - KHO_VMALLOC_CHUNK.size) / 8
}

/**
 * Reads the descriptor at `offset` of `bytes` and walks its chain of chunk pages. As kho_restore_vmalloc() of 7.2 does:
 * a zero ends a chunk, also where more follows; an entry more than the area has ends the walk.
 */
export function decodeVmalloc(
  context: BlobContext,
  bytes: Uint8Array,
  offset: number,
  address: number | null,
  path: string,
): Vmalloc {
  const { first, totalPages, flags, order } = KHO_VMALLOC.read(bytes, offset)
  const extent = address === null ? null : rangeAt(address, KHO_VMALLOC.size)
  const vmalloc: Vmalloc = {
    kind: 'vmalloc',
    path,
    extent,
    first,
    totalPages,
    flags,
    order,
    chunks: [],
    runs: new Float64Array(0),
    complete: false,
    overlapping: false,
    gap: null,
  }
  const unknown = flags - (flags & (KHO_VMALLOC_ALLOC | KHO_VMALLOC_HUGE_VMAP))
  if (unknown !== 0) {
    context.fault('VMALLOC-FLAGS', `vmalloc flags ${hex(flags)} have bits that readers drop`, address, path)
  }
  if (first === null || first === 0) {
    const value = hex(KHO_VMALLOC.raw(bytes, offset, 'first'))
    const message = `vmalloc area of ${totalPages} pages begins at ${value}, which is no chunk page`
    context.fault('VMALLOC-FIRST', message, address, path)
    return vmalloc
  }
  if (order > MOST_ORDER) {
    context.fault('VMALLOC-ORDER', `vmalloc runs of order ${order} are longer than any area`, address, path)
    return vmalloc
  }
  const runs = createNumberList()
  const whole = walkChunks(context, vmalloc, first, runs)
  vmalloc.runs = runs.toArray()
  checkCount(context, vmalloc, whole)
  checkOverlap(context, vmalloc)
  return vmalloc
}

/** Says how many pages the chain gave, where that is not what the descriptor promises. */
function checkCount(context: BlobContext, vmalloc: Vmalloc, walk: 'whole' | 'broken' | 'excess'): void {
  const { totalPages, order, path, extent } = vmalloc
  const found = vmalloc.runs.length * 2 ** order
  vmalloc.complete = walk === 'whole' && found === totalPages
  if (vmalloc.complete || walk === 'broken') return
  const more = walk === 'excess' ? 'more than that' : `${found}`
  const message = `vmalloc area says ${totalPages} pages, its chunks have ${more}`
  context.fault('VMALLOC-COUNT-MISMATCH', message, extent?.start ?? vmalloc.first, path)
}

/** Follows the chain from `first`. `broken` where it leads to no bytes; `excess` where it has too many entries. */
function walkChunks(
  context: BlobContext,
  vmalloc: Vmalloc,
  first: number,
  runs: NumberList,
): 'whole' | 'broken' | 'excess' {
  const { pageSize } = context.geometry
  const { totalPages, order } = vmalloc
  const capacity = chunkEntries(pageSize)
  const most = Math.floor(totalPages / 2 ** order)
  let used = 0
  let excess = false
  const pathOf = (chunk: number) => appendPath(vmalloc.path, 'chunks', hex(chunk))
  const shape = { size: pageSize, alignment: pageSize, nextAt: CHUNK_NEXT }
  const whole = followChain(context.memory, first, shape, {
    fault: fault => addChunkFault(context, vmalloc, fault, pathOf(fault.address)),
    admit: chunk =>
      claimPage(context, 'VMALLOC-CHUNK-SHARED', `vmalloc chunk ${hex(chunk)}`, chunk, pathOf(chunk)),
    link({ address: chunk, view }) {
      const path = pathOf(chunk)
      vmalloc.chunks.push(chunk)
      const previous = used
      used = 0
      for (let at = KHO_VMALLOC_CHUNK.size; at < pageSize; at += 8) {
        if (u64(view, at) === 0) break
        excess = runs.length >= most
        if (excess) return false
        runs.push(checkRun(context, view, at, chunk, path))
        used++
      }
      // A writer links an empty chunk behind one that is exactly full, and no other.
      if (used === 0 && previous !== capacity && vmalloc.chunks.length > 1) {
        const message = `empty vmalloc chunk ${hex(chunk)} follows one that is not full`
        context.fault('VMALLOC-CHUNK-EMPTY', message, chunk, path)
      }
      if (used < capacity && u64(view, CHUNK_NEXT) !== 0) {
        const message = `vmalloc chunk ${hex(chunk)} has ${used} of ${capacity} entries, but is not the last`
        context.fault('VMALLOC-CHUNK-PARTIAL', message, chunk, path)
      }
      return true
    },
  })
  return whole ? 'whole' : excess ? 'excess' : 'broken'
}

function addChunkFault(
  context: BlobContext,
  vmalloc: Vmalloc,
  { kind, address, reason }: ChainFault,
  path: string,
): void {
  const chunk = hex(address)
  if (kind === 'absent') {
    const message = `vmalloc chunk at ${chunk} is not in the dump (${reason})`
    context.fault('VMALLOC-CHUNK-ABSENT', message, address, path, reason)
    vmalloc.gap = gapAt(context, address, context.geometry.pageSize)
  } else if (kind === 'cycle') {
    context.fault('VMALLOC-CHUNK-CYCLE', `vmalloc chunk list comes back to ${chunk}`, address, path)
  } else {
    const why = kind === 'no-address' ? 'is no physical address' : 'is not page aligned'
    const from = vmalloc.chunks.at(-1) ?? vmalloc.extent?.start ?? null
    context.fault('VMALLOC-POINTER', `vmalloc chunk pointer ${chunk} ${why}`, from, vmalloc.path)
  }
}

/** The address of the run in an entry, or 0 and a fault where it is none of a page. */
function checkRun(context: BlobContext, view: DataView, at: number, chunk: number, path: string): number {
  const run = u64(view, at)
  if (run < ADDRESS_LIMIT && run % context.geometry.pageSize === 0) return run
  const why = run < ADDRESS_LIMIT ? 'is not page aligned' : 'is no physical address'
  context.fault('VMALLOC-ENTRY', `vmalloc entry ${hex(view.getBigUint64(at, true))} ${why}`, chunk + at, path)
  return 0
}

function checkOverlap(context: BlobContext, vmalloc: Vmalloc): void {
  const sorted = vmalloc.runs.slice().sort()
  const length = 2 ** vmalloc.order * context.geometry.pageSize
  for (let index = 1; index < sorted.length; index++) {
    const run = sorted[index] as number
    const before = sorted[index - 1] as number
    if (before === 0 || run >= before + length) continue
    vmalloc.overlapping = true
    const message = `vmalloc runs ${hex(before)} and ${hex(run)} of ${hex(length)} bytes share a page`
    context.fault('VMALLOC-ENTRY-OVERLAP', message, run, vmalloc.path)
  }
}
