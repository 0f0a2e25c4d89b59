import { type AbiName, abiOf } from '../../formats/kernels/index.js'
import { hex } from '../../formats/memory/fault.js'
import type { Geometry } from '../../formats/memory/geometry.js'
import type { PhysicalMemory } from '../../formats/memory/physical-memory.js'
import { createPageSet, hasBlock } from '../../formats/pages/page-set.js'
import { trackerOf } from '../../formats/trackers/index.js'
import type { TrackerDecode, TrackerOptions, TrackerRoot } from '../../formats/trackers/tracker.js'
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
  const verdict = judge(abi, root, decode, found.address)
  return { geometry, abi, abiReason: reason, root, options: reading, decode, ...verdict }
}

function emptyDecode(geometry: Geometry): TrackerDecode {
  return { pages: createPageSet(geometry.pageShift), nodes: [], faults: [], badPointers: 0, absentNodes: 0 }
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
