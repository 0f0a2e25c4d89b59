import type { Range } from '../../formats/memory/range.js'
import { firstPieceAfter, type Layer } from './layer.js'

/** What a row of cells shows of a layer: for each cell the value that has most bytes in it, and how many bytes any has. */
export interface Cells {
  /** The value, or {@link NOTHING}. */
  values: Uint32Array
  /** Bytes of the cell that are in the layer. */
  bytes: Float64Array
}

/** The value of a cell in which the layer has nothing. */
export const NOTHING = 0xffffffff

/** Draws a layer into `count` cells of equal size over a range. Time goes with the pieces in the range. */
export function cellsOf(layer: Layer, range: Range, count: number): Cells {
  const values = new Uint32Array(count).fill(NOTHING)
  const bytes = new Float64Array(count)
  const size = (range.end - range.start) / count
  const tally = new Map<number, number>()
  let cell = -1
  const finish = () => {
    if (cell >= 0) values[cell] = mostOf(tally)
    tally.clear()
  }
  for (let n = firstPieceAfter(layer, range.start); n < layer.count; n++) {
    const start = Math.max(layer.starts[n] as number, range.start)
    const end = Math.min(layer.ends[n] as number, range.end)
    if (start >= range.end) break
    const value = layer.values[n] as number
    const last = Math.min(count - 1, Math.ceil((end - range.start) / size) - 1)
    for (let at = Math.min(count - 1, Math.floor((start - range.start) / size)); at <= last; at++) {
      if (at !== cell) {
        finish()
        cell = at
      }
      const from = Math.max(start, range.start + at * size)
      const to = Math.min(end, range.start + (at + 1) * size)
      const share = Math.max(0, to - from)
      bytes[at] = (bytes[at] as number) + share
      tally.set(value, (tally.get(value) ?? 0) + share)
    }
  }
  finish()
  return { values, bytes }
}

function mostOf(tally: ReadonlyMap<number, number>): number {
  let best = NOTHING
  let most = -1
  for (const [value, bytes] of tally) {
    if (bytes > most || (bytes === most && value < best)) {
      best = value
      most = bytes
    }
  }
  return best
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
