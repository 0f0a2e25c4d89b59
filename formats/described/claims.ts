import { type Range, rangeSize } from '../memory/range.js'

/** Memory that structures have, as typed arrays: a list of 300,000 folios is three objects. */
export interface Claims {
  kind: 'metadata' | 'data'
  /** Physical addresses. */
  starts: Float64Array
  /** Bytes; 0 for an entry that has none. */
  sizes: Float64Array
  /** Path of the structure or field that says so. */
  pathOf(n: number): string
}

/** Gathers memory piece by piece. */
export interface ClaimSink {
  add(kind: Claims['kind'], range: Range, path: string): void
  addAll(claims: Claims): void
  list(): Claims[]
}

/** An empty one. */
export function claimSink(): ClaimSink {
  const single = { metadata: loose(), data: loose() }
  const whole: Claims[] = []
  return {
    add(kind, range, path) {
      const { starts, sizes, paths } = single[kind]
      starts.push(range.start)
      sizes.push(rangeSize(range))
      paths.push(path)
    },
    addAll: claims => void whole.push(claims),
    list() {
      const parts = (['metadata', 'data'] as const).map(
        (kind): Claims => ({
          kind,
          starts: Float64Array.from(single[kind].starts),
          sizes: Float64Array.from(single[kind].sizes),
          pathOf: n => single[kind].paths[n]!,
        }),
      )
      return [...parts, ...whole].filter(({ starts }) => starts.length > 0)
    },
  }
}

function loose(): { starts: number[]; sizes: number[]; paths: string[] } {
  return { starts: [], sizes: [], paths: [] }
}
