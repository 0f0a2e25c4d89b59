import type { Blob } from '../../formats/blobs/index.js'
import type { LayoutSet } from '../../formats/described/index.js'
import type { FdtTree } from '../../formats/fdt/index.js'
import type { ScratchArea } from '../../formats/handoff/scratch.js'
import type { AbiName } from '../../formats/kernels/index.js'
import type { Fault } from '../../formats/memory/fault.js'
import type { Geometry } from '../../formats/memory/geometry.js'
import type { Place } from '../../formats/memory/range.js'
import type { TrackerFormat } from '../../formats/trackers/index.js'
import type { TrackerDecode, TrackerReading } from '../../formats/trackers/tracker.js'
import type { KhoImage } from './open.js'

/** `live`: decodes whole. `stale`: was valid once, overwritten since. `partial`: the dump lacks some of it. `absent`: none. */
export type TrackerState = 'live' | 'stale' | 'partial' | 'absent'

/** Which side of a kexec a root belongs to, seen from the kernel that the dump shows. */
export type Direction = 'incoming' | 'outgoing' | 'unknown'

/** Why an address is believed to hold a KHO root. */
export interface Evidence {
  kind:
    | 'given'
    | 'setup-data'
    | 'chosen'
    | 'scan'
    | 'self-check'
    | 'kexec-count'
    | 'tracker'
    | 'luo'
    | 'scratch'
  message: string
  /** Where the evidence lies, physical address. */
  address: number | null
}

/** An address that may hold a KHO root FDT. */
export interface RootCandidate {
  address: number
  direction: Direction
  state: TrackerState
  /** Root `compatible`, null where the bytes are no FDT. */
  compatible: string | null
  evidence: Evidence[]
}

/** The tracker of one root, decoded. */
export interface TrackerInfo {
  format: TrackerFormat | null
  state: TrackerState
  /** Why `state` is not `live`, or how the format was told from another; null where there is nothing to say. */
  reason: string | null
  root: number | null
  decode: TrackerDecode
  /** What `trackerOf(format)` takes to follow or show any of it; null where there is no format. */
  reading: TrackerReading | null
}

/** One handed-over state, decoded lazily from an image. */
export interface KhoState {
  image: KhoImage
  geometry: Geometry
  /** How the page size is known: given, or inferred, and from what. */
  geometryReason: string
  root: RootCandidate
  candidates: RootCandidate[]
  abi: AbiName
  compatible: string
  fdt: FdtTree
  tracker: TrackerInfo
  /** Scratch areas; null where nothing readable says. */
  scratch: ScratchArea[] | null
  /** How the scratch areas are known, or why they are not. */
  scratchReason: string
  /** Where the array is that this root was handed over with, or is to be; null where nothing says. */
  scratchArray: Place | null
  /** Structures that are told as data. */
  layouts: LayoutSet
  /** What hangs off the root FDT, decoded on first call. */
  blobs(): Blob[]
  /** All that was noticed so far: of root, tracker and scratch; `blobs()` carry their own. */
  faults: Fault[]
}
