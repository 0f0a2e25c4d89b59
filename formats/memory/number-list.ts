/** A list of numbers that grows with what was read, not with what a header promises. */
export interface NumberList {
  readonly length: number
  push(value: number): void
  /** A copy, as long as the list. */
  toArray(): Float64Array
}

/** Most lists are short, and an array of up to 64 bytes costs no buffer of its own. */
const FIRST_ROOM = 8

/** An empty list. */
export function createNumberList(): NumberList {
  let values = new Float64Array(FIRST_ROOM)
  let length = 0
  return {
    get length() {
      return length
    },
    push(value) {
      if (length === values.length) {
        const grown = new Float64Array(length * 2)
        grown.set(values)
        values = grown
      }
      values[length++] = value
    },
    toArray: () => values.slice(0, length),
  }
}
