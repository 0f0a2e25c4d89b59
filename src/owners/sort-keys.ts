const DIGIT = 2 ** 16

/** Keys that a comparator puts in order in less time than one look at each digit takes. */
const FEW = 4096

/**
 * Positions of keys in ascending order of the keys; equal keys keep their order. Keys are integers in 0 … 2^53.
 * A radix sort, because a comparator costs a call for each comparison: 300,000 keys take some ten milliseconds.
 */
export function sortedOrder(keys: Float64Array): Uint32Array {
  const count = keys.length
  let order = new Uint32Array(count)
  for (let n = 0; n < count; n++) order[n] = n
  if (count <= FEW) return order.sort((a, b) => (keys[a] as number) - (keys[b] as number) || a - b)
  if (isSorted(keys, order)) return order
  let other = new Uint32Array(count)
  for (const digits of digitsOf(keys)) {
    const starts = new Uint32Array(DIGIT + 1)
    for (let n = 0; n < count; n++) starts[(digits[n] as number) + 1]!++
    for (let d = 0; d < DIGIT; d++) starts[d + 1] = starts[d + 1]! + starts[d]!
    for (let at = 0; at < count; at++) {
      const n = order[at] as number
      other[starts[digits[n] as number]!++] = n
    }
    ;[order, other] = [other, order]
    if (isSorted(keys, order)) break
  }
  return order
}

/** The digits of the keys, lowest first; each is done with when the next is asked for. */
function* digitsOf(keys: Float64Array): Generator<Uint16Array> {
  const rest = keys.slice()
  const digits = new Uint16Array(keys.length)
  for (let weight = 1; weight < 2 ** 53; weight *= DIGIT) {
    for (let n = 0; n < rest.length; n++) {
      const key = rest[n] as number
      const high = Math.floor(key / DIGIT)
      digits[n] = key - high * DIGIT
      rest[n] = high
    }
    yield digits
  }
}

function isSorted(keys: Float64Array, order: Uint32Array): boolean {
  for (let at = 1; at < order.length; at++) {
    if ((keys[order[at] as number] as number) < (keys[order[at - 1] as number] as number)) return false
  }
  return true
}
