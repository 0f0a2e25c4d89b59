/** Pieces of memory, ascending and disjoint, each with a number. 20 bytes a piece. */
export interface Layer {
  readonly count: number
  /** Physical addresses. */
  readonly starts: Float64Array
  readonly ends: Float64Array
  readonly values: Uint32Array
}

/** Pieces of which not all bytes are shown, only those that are counted. */
export interface CountedLayer extends Layer {
  /** Bytes between two addresses, both multiples of the page size; all of them where this is left out. */
  bytesIn?: (start: number, end: number) => number
}

/** Takes pieces in ascending order, and joins those that touch and have the same number. */
export interface LayerBuilder {
  add(start: number, end: number, value: number): void
  build(): Layer
}

const FIRST_ROOM = 256

/** A builder with nothing in it. */
export function layerBuilder(): LayerBuilder {
  let starts = new Float64Array(FIRST_ROOM)
  let ends = new Float64Array(FIRST_ROOM)
  let values = new Uint32Array(FIRST_ROOM)
  let count = 0
  const grow = () => {
    const room = count * 2
    starts = copied(new Float64Array(room), starts)
    ends = copied(new Float64Array(room), ends)
    values = copied(new Uint32Array(room), values)
  }
  return {
    add(start, end, value) {
      if (end <= start) return
      if (count > 0 && ends[count - 1] === start && values[count - 1] === value) {
        ends[count - 1] = end
        return
      }
      if (count === starts.length) grow()
      starts[count] = start
      ends[count] = end
      values[count] = value
      count++
    },
    build: () => ({
      count,
      starts: starts.slice(0, count),
      ends: ends.slice(0, count),
      values: values.slice(0, count),
    }),
  }
}

function copied<T extends Float64Array | Uint32Array>(to: T, from: T): T {
  to.set(from)
  return to
}

/** The number of the first piece that ends behind `address`; `count` where there is none. */
export function firstPieceAfter({ ends, count }: Layer, address: number): number {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ends[middle] as number) <= address) low = middle + 1
    else high = middle
  }
  return low
}
