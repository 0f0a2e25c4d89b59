import type { KhoState } from '../image/state.js'

/** What walks of a state's claims have in common. */
export interface ClaimWalk {
  readonly state: KhoState
  /** What lists of folios may give together, so that lists that share their pages cost no more than the image. */
  folios: number
  /** Things that hold others, by which it is known that one is come to again, by another path. */
  readonly seen: Set<unknown>
  /** What such things may claim together beyond what they claimed the first time. */
  again: number
}

/** What claimed bytes are: structures of KHO's users, what those structures lead to, or what the root FDT points to. */
export type ClaimKind = 'metadata' | 'data' | 'blob'

/** A physical extent that a structure says is its own. */
export interface Claim {
  /** Physical address of the first byte. */
  start: number
  /** Behind the last byte. Claims are exact to the byte; memory is preserved in whole pages. */
  end: number
  /** In the grammar of the command line. */
  path: string
  kind: ClaimKind
  /** Format of the structure, such as `memfd-v2`; null where it has none. */
  version: string | null
  /**
   * False for memory that belongs to KHO but is not meant to be preserved: the tracker's own pages, scratch, what
   * hands the root over, and root FDTs of the early series.
   */
  preserved: boolean
}

/**
 * Claims of one structure or of one list, which is typed arrays: 300,000 folios are three objects, not 300,000. Elements
 * become objects one at a time, with `claimAt()`.
 */
export interface ClaimGroup {
  readonly kind: ClaimKind
  readonly version: string | null
  readonly preserved: boolean
  readonly count: number
  /** Physical addresses. */
  readonly starts: Float64Array | readonly number[]
  /** Bytes. */
  readonly sizes: Float64Array | readonly number[]
  pathOf(n: number): string
  /** The element of a list that it is of, such as a file; undefined where it is of none. */
  holder?: unknown
}

/** What all claims of a group have in common. */
export type ClaimTraits = Pick<ClaimGroup, 'kind' | 'version' | 'preserved'>

/** One claim of a group. */
export function claimAt(group: ClaimGroup, n: number): Claim {
  const { kind, version, preserved } = group
  const start = group.starts[n] as number
  return { start, end: start + (group.sizes[n] as number), path: group.pathOf(n), kind, version, preserved }
}

/** A group of one. */
export function singleClaim(path: string, start: number, size: number, traits: ClaimTraits): ClaimGroup {
  return new SingleClaim(path, start, size, traits)
}

/** A class, because a state may have a hundred thousand of them: arrays and functions of their own would be most of each. */
class SingleClaim implements ClaimGroup {
  readonly count = 1
  holder: unknown = undefined

  constructor(
    readonly path: string,
    readonly start: number,
    readonly size: number,
    readonly traits: ClaimTraits,
  ) {}

  get kind(): ClaimKind {
    return this.traits.kind
  }

  get version(): string | null {
    return this.traits.version
  }

  get preserved(): boolean {
    return this.traits.preserved
  }

  get starts(): readonly number[] {
    return [this.start]
  }

  get sizes(): readonly number[] {
    return [this.size]
  }

  pathOf(): string {
    return this.path
  }
}

/** A group over a list whose entries of size 0 (holes, entries that are no address) claim nothing. */
export function listClaims(
  starts: Float64Array,
  sizes: Float64Array,
  traits: ClaimTraits,
  pathOf: (entry: number) => string,
): ClaimGroup {
  let count = 0
  for (let n = 0; n < sizes.length; n++) if (sizes[n] !== 0) count++
  if (count === sizes.length) return { ...traits, count, starts, sizes, pathOf }
  const entries = new Uint32Array(count)
  const kept = { starts: new Float64Array(count), sizes: new Float64Array(count) }
  let next = 0
  for (let n = 0; n < sizes.length; n++) {
    if (sizes[n] === 0) continue
    entries[next] = n
    kept.starts[next] = starts[n] as number
    kept.sizes[next] = sizes[n] as number
    next++
  }
  return { ...traits, count, ...kept, pathOf: n => pathOf(entries[n] as number) }
}
