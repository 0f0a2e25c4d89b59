/** Ascending numbers, whatever holds them. */
type Ascending = ArrayLike<number>

/** Index of the last of the first `count` ascending integers that is at or below `value`, or -1. */
export function lastAtOrBelow(values: Ascending, value: number, count = values.length): number {
  return lowerBound(values, value + 1, count) - 1
}

/** Index of the first of `count` ascending integers that is at or above `value`; `count` where none is. */
export function lowerBound(values: Ascending, value: number, count = values.length): number {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (values[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}
