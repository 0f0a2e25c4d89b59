import { type Abi, type AbiName, abiOf } from '../../formats/kernels/index.js'
import { hex } from '../../formats/memory/fault.js'
import type { Geometry } from '../../formats/memory/geometry.js'
import type { PhysicalMemory } from '../../formats/memory/physical-memory.js'
import { blocksAt, createPageSet, hasBlock, totals } from '../../formats/pages/page-set.js'
import { trackerOf } from '../../formats/trackers/index.js'
import type { TrackerOptions, TrackerRoot } from '../../formats/trackers/place.js'
import type { TrackerDecode } from '../../formats/trackers/tracker.js'
import { blobPlaces } from './child-blob.js'
import { chooseLayout } from './choose-layout.js'
import type { FoundRoot } from './find-roots.js'
import type { TrackerState } from './state.js'

/** A root's map, read under one page size. */
export interface MapReading {
  geometry: Geometry
  abi: AbiName
  /** How the layout was told from others that share its names, or null where the names say it all. */
  abiReason: string | null
  root: TrackerRoot | null
  options: TrackerOptions
  decode: TrackerDecode
  state: TrackerState
  reason: string | null
  /** True where a page is missing in the map that every map of its layout has: that of the root FDT. */
  lacksRootPage: boolean
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
  const {
    abi,
    reason,
    root,
    options: reading,
    decode: tried,
  } = chooseLayout(memory, found, geometry, options)
  const decode =
    tried ??
    (root === null ? emptyDecode(geometry) : trackerOf(abiOf(abi).tracker).decode(memory, root, reading))
  const layout = abiOf(abi)
  const verdict = judge(layout, root, decode, found)
  const lacks = lacksRootPage(layout, decode, found.address)
  return {
    geometry,
    abi,
    abiReason: reason,
    root,
    options: reading,
    decode,
    ...verdict,
    lacksRootPage: lacks,
  }
}

function emptyDecode(geometry: Geometry): TrackerDecode {
  return { pages: createPageSet(geometry.pageShift), nodes: [], faults: [], badPointers: 0, absentNodes: 0 }
}

/**
 * What a map is by its own bytes. A kernel preserves the page of the root FDT and those of its blobs: a map that has neither
 * is of another moment. One that lacks the root's page alone is sound, and that it does is a finding.
 */
function judge(
  abi: Abi,
  root: TrackerRoot | null,
  decode: TrackerDecode,
  found: FoundRoot,
): Pick<MapReading, 'state' | 'reason'> {
  if (root === null) return { state: 'absent', reason: 'the root FDT has no property that names a tracker' }
  if (root.addresses.every(value => value === 0) && abi.tracker !== 'mem-array') {
    const unfinished = abi.mapZeroUntilFinalize ? ': not finalized, or nothing preserved' : ''
    return { state: 'absent', reason: `the map pointer is 0${unfinished}` }
  }
  if (decode.nodes.length === 0 && decode.absentNodes > 0) {
    return {
      state: 'absent',
      reason: `the tracker's first page ${hex(root.addresses[0]!)} is not in the dump`,
    }
  }
  const { badPointers, absentNodes } = decode
  // The pointer is in the page of the root FDT, which nobody frees: it was never a better one.
  if (decode.nodes.length === 0 && badPointers > 0)
    return { state: 'live', reason: 'the map pointer leads nowhere' }
  const lacks = lacksRootPage(abi, decode, found.address)
  if (lacks && badPointers > 0) {
    const reason = `${badPointers} pointers lead nowhere, and the page of the root FDT is not in the map: overwritten since it was read`
    return { state: 'stale', reason }
  }
  if (absentNodes > 0)
    return { state: 'partial', reason: `${absentNodes} pages of the tracker are not in the dump` }
  if (lacks) return judgeWithoutRootPage(decode, found)
  if (badPointers > 0) return { state: 'live', reason: `${badPointers} pointers of the tracker are bad` }
  return { state: 'live', reason: null }
}

function lacksRootPage(abi: Abi, { pages }: TrackerDecode, address: number): boolean {
  return abi.fdtPreserved && !hasBlock(pages, address, 0)
}

/** The state of a map that holds together, and has not the page of its root. */
function judgeWithoutRootPage(
  { pages }: TrackerDecode,
  found: FoundRoot,
): Pick<MapReading, 'state' | 'reason'> {
  const lacks = 'the page of the root FDT is not in its own map'
  if (totals(pages).blocks === 0) return { state: 'stale', reason: `${lacks}, which is empty` }
  const blobs = blobPlaces(found)
  if (blobs.length > 0 && blobs.every(({ address }) => blocksAt(pages, address).length === 0))
    return { state: 'stale', reason: `${lacks}, nor is any blob of it` }
  return { state: 'live', reason: lacks }
}
