import { type FdtTree, findChild, findProperty, nativeU64 } from '../../formats/fdt/index.js'
import { type AbiName, abiOf } from '../../formats/kernels/index.js'
import { hex } from '../../formats/memory/fault.js'
import type { Geometry } from '../../formats/memory/geometry.js'
import type { PhysicalMemory } from '../../formats/memory/physical-memory.js'
import { u64, viewOf } from '../../formats/memory/u64.js'
import { createPageSet, hasBlock } from '../../formats/pages/page-set.js'
import { trackerOf } from '../../formats/trackers/index.js'
import { radixShape, shortDepth } from '../../formats/trackers/radix-tree.js'
import type { TrackerDecode, TrackerRoot } from '../../formats/trackers/tracker.js'
import { chooseBitmapSize } from './bitmap-size.js'
import type { FoundRoot } from './find-roots.js'
import type { TrackerState } from './state.js'

/** A root's map, read under one page size. */
export interface MapReading {
  geometry: Geometry
  abi: AbiName
  /** How the layout was told from others that share its names, or null where the names say it all. */
  abiReason: string | null
  root: TrackerRoot | null
  decode: TrackerDecode
  state: TrackerState
  reason: string | null
}

/** What may be told from outside the image. */
export interface MapOptions {
  abi?: AbiName
  ramEnd?: number
}

/** Reads the map of a root under a page size: which layout, every block, and whether the tracker is alive. */
export function readMap(
  memory: PhysicalMemory,
  found: FoundRoot,
  geometry: Geometry,
  options: MapOptions = {},
): MapReading {
  const { abi, reason, bitmapBytes, depth } = chooseAbi(memory, found, geometry, options)
  const tracker = trackerOf(abiOf(abi).tracker)
  const root = tracker.locate(found.fdt)
  const trackerOptions = {
    geometry,
    ...(bitmapBytes === undefined ? {} : { bitmapBytes }),
    ...(depth === undefined ? {} : { depth }),
    ...(options.ramEnd === undefined ? {} : { ramEnd: options.ramEnd }),
  }
  const decode = root === null ? emptyDecode(geometry) : tracker.decode(memory, root, trackerOptions)
  const verdict = judge(abi, root, decode, found.address)
  return { geometry, abi, abiReason: reason, root, decode, ...verdict }
}

function emptyDecode(geometry: Geometry): TrackerDecode {
  return { pages: createPageSet(geometry.pageShift), nodes: [], faults: [], badPointers: 0, absentNodes: 0 }
}

interface AbiChoice {
  abi: AbiName
  reason: string | null
  bitmapBytes?: number
  depth?: number
}

/** The recipe: compatible first, then which property there is, then what the bytes behind it look like. */
function chooseAbi(
  memory: PhysicalMemory,
  found: FoundRoot,
  geometry: Geometry,
  options: MapOptions,
): AbiChoice {
  const named = options.abi ?? abiByNames(memory, found.fdt, found.compatible)
  if (named === null) return chooseBitmapSize(memory, found, geometry)
  const given = options.abi === undefined ? null : 'given on the command line'
  const { tracker, bitmap } = abiOf(named)
  if (tracker === 'radix-tree')
    return { abi: named, ...chooseDepth(memory, found, geometry, named), ...reasonOf(given) }
  const bitmapBytes = bitmap === 'page' ? geometry.pageSize : bitmap
  return { abi: named, reason: given, ...(bitmapBytes === null ? {} : { bitmapBytes }) }
}

function reasonOf(given: string | null): { reason?: string } {
  return given === null ? {} : { reason: given }
}

/** The layout where compatible and properties decide it; null for kho-v1 chunk lists, which come in two bitmap sizes. */
function abiByNames(memory: PhysicalMemory, fdt: FdtTree, compatible: string): AbiName | null {
  const version = knownVersion(compatible)
  const { root } = fdt
  const early = findProperty(root, 'preserved-page-radix-tree') !== null
  if (version === 'kho-v3' || version === 'kho-v4') return version
  if (version === 'kho-v2') return early ? 'radix-rfc2' : 'kho-v2'
  if (version === 'linux-kho,v1') return 'sketch'
  // A version that nobody knows: what its blobs hang on tells lists from trees.
  if (version === null && root.children.some(child => findProperty(child, 'preserved-data'))) return 'kho-v4'
  if (early) return 'radix-rfc1'
  const map = findProperty(root, 'preserved-memory-map')
  if (map) return isKhoArray(memory, nativeU64(map)) ? 'array' : null
  const node = findChild(root, 'preserved-memory')
  const metadata = node && findProperty(node, 'metadata')
  if (!metadata) return 'mem4'
  if (metadata.value.length !== 8) return 'v5-table'
  return isRangeList(memory, nativeU64(metadata)) ? 'ranges' : 'v5'
}

/** The version at the front of a `compatible`, which may go on: composites (`kho-v4;radix-v1`), or a lost NUL. */
function knownVersion(compatible: string): string | null {
  return /^(kho-v[1-4](?![0-9])|linux-kho,v1)/.exec(compatible)?.[0] ?? null
}

/** struct kho_array begins with the number 'KARR', version 0: no address that a chunk's `next` could be. */
function isKhoArray(memory: PhysicalMemory, address: bigint | null): boolean {
  const read = address ? memory.read(Number(address), 8) : null
  return read?.ok === true && u64(viewOf(read.bytes), 0) === 0x4b415252
}

/** A chunk of ranges has a plain count where a chunk of bitmaps has { order, num_elms }. */
function isRangeList(memory: PhysicalMemory, address: bigint | null): boolean {
  const read = address ? memory.read(Number(address), 16) : null
  if (read?.ok !== true) return false
  const view = viewOf(read.bytes)
  return view.getUint32(12, true) === 0 && view.getUint32(8, true) > 0
}

/** How many levels a radix tree of 16K pages has: the formula was one short up to 7.1-rc5. */
function chooseDepth(
  memory: PhysicalMemory,
  found: FoundRoot,
  geometry: Geometry,
  abi: AbiName,
): { depth?: number; reason: string | null } {
  const short = shortDepth(geometry)
  const full = radixShape(geometry).depth
  if (short === full || abi === 'kho-v4' || abi === 'radix-rfc1') return { reason: null }
  if (abi === 'kho-v2' || abi === 'radix-rfc2') {
    return { depth: short, reason: `${abi} trees of 16K pages have ${short} levels` }
  }
  const tracker = trackerOf('radix-tree')
  const root = tracker.locate(found.fdt)
  const read = root && memory.read(root.addresses[0]!, geometry.pageSize)
  if (!root || !read?.ok) return { reason: null }
  const view = viewOf(read.bytes)
  const used = (slot: number) => u64(view, slot * 8) !== 0
  let beyond = 0
  for (let slot = 3; slot < geometry.tableEntries; slot++) if (used(slot)) beyond++
  if (!used(1)) return { depth: short, reason: `slot 1 of the root is empty: a tree of ${short} levels` }
  if (beyond > 0)
    return { depth: short, reason: `slots above 2 of the root are used: a tree of ${short} levels` }
  const deep = tracker.decode(memory, root, { geometry, depth: full })
  if (hasBlock(deep.pages, found.address, 0)) return { reason: null }
  return { depth: short, reason: `read with ${full} levels, the tree lacks the page of its own root FDT` }
}

/** The page of the root FDT is always preserved, so a map that lacks it is no map of this root any more. */
function judge(
  abi: AbiName,
  root: TrackerRoot | null,
  decode: TrackerDecode,
  address: number,
): { state: TrackerState; reason: string | null } {
  if (root === null) return { state: 'absent', reason: 'the root FDT has no property that names a tracker' }
  if (root.addresses.every(value => value === 0) && abiOf(abi).tracker !== 'mem-array') {
    const unfinished = abiOf(abi).mapZeroUntilFinalize ? ': not finalized, or nothing preserved' : ''
    return { state: 'absent', reason: `the map pointer is 0${unfinished}` }
  }
  if (decode.nodes.length === 0 && decode.absentNodes > 0) {
    return {
      state: 'absent',
      reason: `the tracker's first page ${hex(root.addresses[0]!)} is not in the dump`,
    }
  }
  const { badPointers, absentNodes } = decode
  const checked = !abiOf(abi).fdtPreserved || hasBlock(decode.pages, address, 0)
  if (!checked && badPointers > 0) {
    const reason = `${badPointers} pointers lead nowhere, and the page of the root FDT is not in the map: overwritten since it was read`
    return { state: 'stale', reason }
  }
  if (absentNodes > 0)
    return { state: 'partial', reason: `${absentNodes} pages of the tracker are not in the dump` }
  if (!checked) return { state: 'stale', reason: 'the page of the root FDT is not in its own map' }
  if (badPointers > 0) return { state: 'live', reason: `${badPointers} pointers of the tracker are bad` }
  return { state: 'live', reason: null }
}
