import type { Range } from '../../formats/memory/range.js'
import { type CountedLayer, firstPieceAfter, type Layer } from './layer.js'

/** What a row of cells shows of a layer: for each cell the value that has most bytes in it, and how many bytes any has. */
export interface Cells {
  /** The value, or {@link NOTHING}. */
  values: Uint32Array
  /** Bytes of it. */
  most: Float64Array
  /** Bytes of the cell that are in the layer. */
  bytes: Float64Array
}

/** The value of a cell in which the layer has nothing. */
export const NOTHING = 0xffffffff

/** Draws a layer into `count` cells of equal size over a range. Time goes with the pieces in the range. */
export function cellsOf(layer: CountedLayer, range: Range, count: number): Cells {
  const values = new Uint32Array(count).fill(NOTHING)
  const most = new Float64Array(count)
  const bytes = new Float64Array(count)
  const size = (range.end - range.start) / count
  const bytesIn = layer.bytesIn ?? ((from: number, to: number) => to - from)
  const tally = new Map<number, number>()
  let cell = -1
  const finish = () => {
    if (cell >= 0) {
      const shown = mostOf(tally)
      values[cell] = shown.value
      most[cell] = shown.bytes
    }
    tally.clear()
  }
  for (let n = firstPieceAfter(layer, range.start); n < layer.count; n++) {
    const start = Math.max(layer.starts[n] as number, range.start)
    const end = Math.min(layer.ends[n] as number, range.end)
    if (start >= range.end) break
    const value = layer.values[n] as number
    const last = Math.min(count - 1, Math.ceil((end - range.start) / size) - 1)
    for (let at = Math.min(count - 1, Math.floor((start - range.start) / size)); at <= last; at++) {
      const from = Math.max(start, range.start + at * size)
      const to = Math.min(end, range.start + (at + 1) * size)
      const share = to > from ? bytesIn(from, to) : 0
      if (share === 0 && layer.bytesIn !== undefined) continue
      if (at !== cell) {
        finish()
        cell = at
      }
      bytes[at] = (bytes[at] as number) + share
      tally.set(value, (tally.get(value) ?? 0) + share)
    }
  }
  finish()
  return { values, most, bytes }
}

/** Several layers, of which no two have a byte or a value in common, in one row of cells. */
export function cellsOfAll(layers: readonly CountedLayer[], range: Range, count: number): Cells {
  const all: Cells = {
    values: new Uint32Array(count).fill(NOTHING),
    most: new Float64Array(count),
    bytes: new Float64Array(count),
  }
  for (const layer of layers) {
    const { values, most, bytes } = cellsOf(layer, range, count)
    for (let n = 0; n < count; n++) {
      all.bytes[n] = all.bytes[n]! + bytes[n]!
      if (most[n]! < all.most[n]! || (most[n] === all.most[n] && values[n]! > all.values[n]!)) continue
      all.values[n] = values[n]!
      all.most[n] = most[n]!
    }
  }
  return all
}

function mostOf(tally: ReadonlyMap<number, number>): { value: number; bytes: number } {
  let value = NOTHING
  let most = -1
  for (const [candidate, bytes] of tally) {
    if (bytes > most || (bytes === most && candidate < value)) {
      value = candidate
      most = bytes
    }
  }
  return { value, bytes: most }
}

/** Bytes of each cell that some ranges cover: sorted, disjoint ones. */
export function coverageOf(ranges: readonly Range[], range: Range, count: number): Float64Array {
  const layer: Layer = {
    count: ranges.length,
    starts: Float64Array.from(ranges, ({ start }) => start),
    ends: Float64Array.from(ranges, ({ end }) => end),
    values: new Uint32Array(ranges.length),
  }
  return cellsOf(layer, range, count).bytes
}
