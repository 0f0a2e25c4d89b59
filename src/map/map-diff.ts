import type { Range } from '../../formats/memory/range.js'
import { type Layer, layerBuilder } from './layer.js'
import type { MemoryMap } from './memory-map.js'

/** What became of memory between two maps. */
export const MAP_CHANGES = ['same', 'removed', 'added', 'other owner'] as const

/** Compares preserved memory of two maps; values are indexes of {@link MAP_CHANGES}. */
export function diffMaps(a: MemoryMap, b: MemoryMap): Layer {
  const layer = layerBuilder()
  const same = sameOwners(a, b)
  const x = pieces(a.preserved)
  const y = pieces(b.preserved)
  let at = Math.min(x.start(), y.start())
  while (Number.isFinite(at)) {
    const inA = x.start() <= at
    const inB = y.start() <= at
    const end = Math.min(inA ? x.end() : x.start(), inB ? y.end() : y.start())
    if (inA && inB) layer.add(at, end, same(x.value(), y.value()) ? 0 : 3)
    else if (inA) layer.add(at, end, 1)
    else layer.add(at, end, 2)
    x.passed(end)
    y.passed(end)
    const next = Math.min(x.start(), y.start())
    at = Math.max(end, next)
  }
  return layer.build()
}

/** A walk over a layer's pieces. Behind the last one it stands at infinity. */
function pieces(layer: Layer) {
  let n = 0
  return {
    start: () => (n < layer.count ? (layer.starts[n] as number) : Number.POSITIVE_INFINITY),
    end: () => (n < layer.count ? (layer.ends[n] as number) : Number.POSITIVE_INFINITY),
    value: () => layer.values[n] as number,
    passed(address: number) {
      while (n < layer.count && (layer.ends[n] as number) <= address) n++
    },
  }
}

/** From the first address of either map to behind the last. */
export function extentOfBoth(a: Pick<MemoryMap, 'extent'>, b: Pick<MemoryMap, 'extent'>): Range {
  return {
    start: Math.min(a.extent.start, b.extent.start),
    end: Math.max(a.extent.end, b.extent.end),
  }
}

/** Whether an owner of one map is the one of another: of the same path, and the same kind. */
export function sameOwners(
  a: Pick<MemoryMap, 'owners'>,
  b: Pick<MemoryMap, 'owners'>,
): (x: number, y: number) => boolean {
  const names = new Map(b.owners.map(({ kind, path }, index) => [`${kind} ${path}`, index]))
  const partner = a.owners.map(({ kind, path }) => names.get(`${kind} ${path}`) ?? -1)
  return (x, y) => partner[x] === y
}
