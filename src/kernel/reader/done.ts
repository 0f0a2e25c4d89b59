import type { RegionLook, RegionWish } from './region.js'
import type { Reserved } from './reserved.js'

/** What kernels have done with a state that others do alike, over the same memory. Nobody writes to what is in it. */
export interface Done {
  /** What walks of the map came to, by all that they go by. */
  readonly walks: Map<string, Reserved>
  /** What look-ups of regions came to, by the FDT's address. */
  readonly regions: Map<number, RegionsDone>
}

/** Look-ups that ended. */
export interface RegionsDone {
  /** What was asked for. */
  wishes: readonly RegionWish[]
  /** Those of which something is to be said, with what was found of each. */
  spoken: readonly [RegionWish, RegionLook][]
}

/** Nothing done yet. */
export function nothingDone(): Done {
  return { walks: new Map(), regions: new Map() }
}
