import { type FdtTree, findChild, nativeU64 } from '../../formats/fdt/index.js'
import { blobPointer } from '../../formats/handoff/blob-pointer.js'
import type { AbiName } from '../../formats/kernels/index.js'
import { createFaultLog } from '../../formats/memory/fault-log.js'
import type { Geometry } from '../../formats/memory/geometry.js'
import type { PhysicalMemory } from '../../formats/memory/physical-memory.js'
import { blocksAt, hasBlock, totals } from '../../formats/pages/page-set.js'
import { forEachRange } from '../../formats/pages/runs.js'
import { chunkList, SMALL_BITMAP, walkChunks } from '../../formats/trackers/chunk-list.js'
import type { TrackerDecode } from '../../formats/trackers/tracker.js'
import type { FoundRoot } from './find-roots.js'

/** Which of the two layouts behind `kho-v1` a chunk list has, and what says so. */
export interface BitmapChoice {
  abi: AbiName
  bitmapBytes: number
  reason: string
}

/**
 * 6.16 wrote bitmaps of 512 bytes, 6.17.9 and later a page, under the same string (a2fff99f92da). Only a page-size
 * bitmap is always page aligned and begins at a multiple of its own span.
 */
export function chooseBitmapSize(memory: PhysicalMemory, found: FoundRoot, geometry: Geometry): BitmapChoice {
  const small = (reason: string): BitmapChoice => ({ abi: 'kho-v1-512', bitmapBytes: SMALL_BITMAP, reason })
  const large = (reason: string): BitmapChoice => ({
    abi: 'kho-v1-page',
    bitmapBytes: geometry.pageSize,
    reason,
  })
  if (findChild(found.fdt.root, 'LUO'))
    return large('a LUO child, which kernels with page-size bitmaps write')
  const root = chunkList.locate(found.fdt)
  if (root === null || root.addresses[0] === 0) return large('nothing says which bitmap size: no list')
  const odd = oddEntry(memory, root.addresses[0]!, geometry)
  if (odd !== null) return small(odd)
  const asLarge = chunkList.decode(memory, root, { geometry, bitmapBytes: geometry.pageSize })
  const asSmall = chunkList.decode(memory, root, { geometry, bitmapBytes: SMALL_BITMAP })
  const doubt = refuteLarge(asLarge, asSmall, found)
  if (doubt !== null) return small(doubt)
  return large('every bitmap is page aligned and begins at a multiple of its span')
}

/** Why some entry cannot belong to a page-size bitmap, or null. */
function oddEntry(memory: PhysicalMemory, first: number, geometry: Geometry): string | null {
  let pointers = 0
  let starts = 0
  const out = { nodes: [], faults: createFaultLog(), bad: () => {}, absent: () => {} }
  walkChunks(memory, first, geometry, out, ({ order, physStart, bitmap }) => {
    if (bitmap % geometry.pageSize !== 0) pointers++
    // Orders this high come only from the pfn-0 bug and say nothing.
    const span = geometry.bitmapBits * 2 ** (order + geometry.pageShift)
    if (order < 64 - geometry.pageShift && physStart % span !== 0) starts++
  })
  if (pointers > 0) return `${pointers} bitmaps are not page aligned`
  if (starts > 0) return `${starts} bitmaps begin inside the span of a page-size bitmap`
  return null
}

/**
 * In a 512-byte image the rest of a bitmap's page is other slab data: read as bitmap it gives blocks at random. The
 * page-size reading is refuted where its blocks collide and those of the other do not, and the other is complete.
 */
function refuteLarge(large: TrackerDecode, small: TrackerDecode, found: FoundRoot): string | null {
  if (totals(large.pages).blocks === totals(small.pages).blocks) return null
  const complete =
    hasBlock(small.pages, found.address, 0) && blobPages(found.fdt).every(page => covered(small, page))
  if (!complete || collides(small) !== null) return null
  const collision = collides(large)
  if (collision === null && hasBlock(large.pages, found.address, 0)) return null
  return `read as page-size bitmaps ${collision ?? 'they lack the page of the root FDT'}`
}

function collides(decode: TrackerDecode): string | null {
  let covered = 0
  forEachRange(decode.pages, (start, end) => {
    covered += end - start
  })
  if (totals(decode.pages).bytes !== covered) return 'blocks overlap one another'
  const hit = decode.nodes.find(node => blocksAt(decode.pages, node.address).length > 0)
  return hit === undefined ? null : 'blocks cover pages of the list itself'
}

function covered(decode: TrackerDecode, address: number): boolean {
  return blocksAt(decode.pages, address).length > 0
}

function blobPages(fdt: FdtTree): number[] {
  const pages: number[] = []
  for (const child of fdt.root.children) {
    const property = blobPointer(child)
    const value = property && nativeU64(property)
    if (value) pages.push(Number(value))
  }
  return pages
}
