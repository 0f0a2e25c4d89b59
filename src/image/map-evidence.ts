import { MEMBLOCK_NAMES } from '../../formats/blobs/decode.js'
import { type FdtNode, findProperty, nativeU64 } from '../../formats/fdt/index.js'
import type { Abi } from '../../formats/kernels/index.js'
import { ADDRESS_LIMIT } from '../../formats/memory/geometry.js'
import type { PhysicalMemory } from '../../formats/memory/physical-memory.js'
import { mergeRanges, subtractRanges } from '../../formats/memory/range.js'
import { usedOrders } from '../../formats/pages/algebra.js'
import { coverage, coveredBytes } from '../../formats/pages/coverage.js'
import { isTooFine } from '../../formats/pages/coverage-algebra.js'
import { blocksAt, hasBlock, totals } from '../../formats/pages/page-set.js'
import { blocksIn, countBlocksIn } from '../../formats/pages/query.js'
import { trackerOf } from '../../formats/trackers/index.js'
import type { TrackerOptions, TrackerRoot } from '../../formats/trackers/place.js'
import { isBlockOrder } from '../../formats/trackers/shared/describe.js'
import type { TrackerDecode, TrackerNode } from '../../formats/trackers/tracker.js'
import { blobPlaces, decodeChild } from './child-blob.js'
import type { FoundRoot } from './find-roots.js'

/** A map as it was read: under one layout, one page size, one size of bitmaps. */
export interface ReadAs {
  abi: Abi
  options: TrackerOptions
  root: TrackerRoot
  decode: TrackerDecode
}

/** What in a map speaks against the way in which it was read, in words. */
export interface Flaws {
  /** The first, which a sound map has none of; null where there is none. */
  first: string | null
  /** How many: pointers that lead nowhere, pages that are missing, and one for each other kind. */
  count: number
}

/** More than can speak against any map of which something was read. */
const UNREAD = 2 ** 40

/** Pages whose absence counts: a map of another size lacks most of them. */
const MOST_PAGES = 64

/**
 * What of a sound map a reading lacks, or has and must not: the pages of the root FDT, of its blobs and of the regions that
 * lie in it are preserved; no pointer leads nowhere; blocks lie in RAM, apart from one another and from the map itself; and
 * pages of the map lie apart, with nothing behind what they count.
 */
export function flawsOf(memory: PhysicalMemory, found: FoundRoot, reading: ReadAs): Flaws {
  const { decode } = reading
  const missing = missingPages(memory, found, reading)
  const bad = decode.badPointers + decode.absentNodes
  const others = [
    spanFlaw(decode),
    nodeFlaw(decode),
    tailFlaw(memory, reading),
    outsideFlaw(memory, decode),
    oddFlaw(decode),
    bad > 0 ? null : collision(decode),
  ].filter(flaw => flaw !== null)
  const pointers = bad > 0 ? [`it has ${bad} pointers that lead nowhere`] : []
  const [first = null] = [...missing, ...pointers, ...others]
  // Of a map whose first pointer leads nowhere nothing was read that could speak for it.
  const unread = bad > 0 && decode.nodes.length === 0 ? UNREAD : 0
  return { first, count: missing.length + bad + others.length + unread }
}

/** What a map of this root must have and this one has not, in words. */
function missingPages(memory: PhysicalMemory, found: FoundRoot, { abi, decode, options }: ReadAs): string[] {
  const missing: string[] = []
  if (abi.fdtPreserved && !hasBlock(decode.pages, found.address, 0))
    missing.push('it lacks the page of the root FDT')
  const lacks = (address: number) => blocksAt(decode.pages, address).length === 0
  for (const { name, address } of blobPlaces(found))
    if (lacks(address)) missing.push(`it lacks the page of the blob ${name}`)
  for (const address of regionsOf(memory, found, options).slice(0, MOST_PAGES))
    if (lacks(address)) missing.push(`it lacks the region at 0x${address.toString(16)}`)
  return missing
}

/** Where the regions of reserve_mem= begin, which memblock's child names. */
function regionsOf(memory: PhysicalMemory, { fdt }: FoundRoot, { geometry }: TrackerOptions): number[] {
  return fdt.root.children.flatMap(child => {
    // Others are not looked into: they can be as long as the dump is.
    const value = MEMBLOCK_NAMES.includes(child.name) ? decodeChild(memory, child, geometry).value : null
    if (value?.kind === 'memblock') return value.regions.flatMap(({ start }) => (start ? [start] : []))
    return inlineMem(child)
  })
}

/** A node of patches v4 and v5 that names memory of its own: pairs of address and size in `mem`. */
function inlineMem(child: FdtNode): number[] {
  const mem = findProperty(child, 'mem')
  const start = mem && nativeU64({ ...mem, value: mem.value.subarray(0, 8) })
  return start && start < BigInt(ADDRESS_LIMIT) ? [Number(start)] : []
}

/** What the decoder found odd, beside pointers. */
function oddFlaw({ faults, badPointers, absentNodes }: TrackerDecode): string | null {
  const [first] = faults
  return first === undefined || badPointers + absentNodes > 0 ? null : `it has a fault: ${first.message}`
}

/** Bitmaps that begin inside the span of one of their size. */
function spanFlaw({ nodes, pages }: TrackerDecode): string | null {
  let inside = 0
  for (const { kind, order, start, size } of nodes) {
    if (kind !== 'bitmap' || order === null || start === null || !isBlockOrder(pages, order)) continue
    if (start % (size * 8 * 2 ** (order + pages.pageShift)) !== 0) inside++
  }
  return inside === 0 ? null : `${inside} of its bitmaps begin inside the span of a bitmap`
}

/** Pages of the map that lie in one another. */
function nodeFlaw({ nodes }: TrackerDecode): string | null {
  const places = nodes
    .map(({ address, size }) => ({ start: address, end: address + size }))
    .sort((a, b) => a.start - b.start)
  const inOther = places.some(({ start }, n) => n > 0 && places[n - 1]!.end > start)
  return inOther ? 'pages of the map lie in one another' : null
}

/** Chunks that hold something behind the entries that they count: they were zeroed when they were made. */
function tailFlaw(memory: PhysicalMemory, { abi, root, options, decode }: ReadAs): string | null {
  const tracker = trackerOf(abi.tracker)
  const reading = { memory, root, options, decode }
  let dirty = 0
  for (const node of decode.nodes) {
    if (node.kind !== 'chunk') continue
    const used = tracker
      .pieces(reading, node)
      .map(piece =>
        piece.kind === 'records'
          ? piece.address + piece.count * piece.struct.size
          : piece.kind === 'struct'
            ? piece.address + piece.struct.size
            : piece.address,
      )
    const from = Math.max(node.address, ...used)
    const read = memory.read(from, node.address + node.size - from)
    if (read.ok && read.bytes.some(byte => byte !== 0)) dirty++
  }
  return dirty === 0 ? null : `${dirty} of its chunks hold something behind their last entry`
}

function outsideFlaw(memory: PhysicalMemory, { pages }: TrackerDecode): string | null {
  let outside = 0
  for (const { start, end } of subtractRanges([{ start: 0, end: ADDRESS_LIMIT }], mergeRanges(memory.ranges)))
    outside += countBlocksIn(pages, start, end)
  return outside === 0 ? null : `${outside} blocks of it are not in the memory that the dump knows of`
}

/** Counted in words: a bitmap of a page that is named a million times has more blocks than can be looked at one by one. */
function collision({ pages, nodes }: TrackerDecode): string | null {
  // Blocks of one order lie apart. Where a bitmap of large blocks is named again and again, to lay out their pages is dear.
  if (
    usedOrders(pages).length > 1 &&
    !isTooFine(pages) &&
    totals(pages).bytes !== coveredBytes(coverage(pages))
  )
    return 'its blocks overlap one another'
  const hit = nodes.some(({ address, size }) => blocksIn(pages, address, address + size, 1).length > 0)
  return hit ? 'its blocks cover pages of the map itself' : null
}

/**
 * How many bits of luck it takes that a map written in smaller units looks as if it had been written in larger ones, each unit
 * `steps` powers of two larger: so many for each page of the map of those `kinds`, and for each start of a bitmap, as all of
 * them are aligned to the larger unit.
 */
export function luckOf(
  { nodes, pages }: TrackerDecode,
  steps: number,
  kinds: readonly TrackerNode['kind'][] = ['chunk', 'bitmap', 'table', 'leaf', 'array'],
): number {
  const seen = new Set<number | string>()
  for (const { kind, address, size, order, start } of nodes) {
    if (size >= 2 ** pages.pageShift && kinds.includes(kind)) seen.add(address)
    // 0 is a multiple of everything.
    if (kind === 'bitmap' && start !== null && start > 0) seen.add(`${order} ${start}`)
  }
  return steps * seen.size
}

/** True where that much luck is had by less than one map in a thousand. */
export function isNoAccident(bits: number): boolean {
  return bits >= 10
}
