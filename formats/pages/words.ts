/** Set bits in a 32-bit word. */
export function popcount(word: number): number {
  let v = word - ((word >>> 1) & 0x55555555)
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333)
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/**
 * Index of the first word at or after `from` that is not 0, or `end`, by default the number of words. All that looks through
 * sparse words goes from one to the next with it: one loop for V8 to make fast, which is most of what a small image costs.
 */
export function nextUsed(words: Uint32Array, from: number, end = words.length): number {
  // In a loop that is left before it counts, V8 would not know what counting is, and begin anew at the first word that is 0.
  let index = from - 1
  do index++
  while (index < end && words[index] === 0)
  return index
}

/**
 * Set bits in all words. Eight words in use are added up bit by bit, with carries, so that there is one word to count for
 * the eight of them (Harley and Seal's way): more than twice as fast as a count of each where half of the bits are set.
 */
export function countBits(words: Uint32Array): number {
  let total = 0
  let eights = 0
  let ones = 0
  let twos = 0
  let fours = 0
  let i = 0
  while (i < words.length) {
    const first = words[i]!
    if (first === 0) {
      i = nextUsed(words, i + 1)
      continue
    }
    if (i + 8 > words.length || words[i + 7] === 0) {
      total += first === 0xffffffff ? 32 : popcount(first)
      i++
      continue
    }
    let half = ones ^ first
    let next = words[i + 1]!
    const twosA = (ones & first) | (half & next)
    ones = half ^ next
    let word = words[i + 2]!
    next = words[i + 3]!
    half = ones ^ word
    const twosB = (ones & word) | (half & next)
    ones = half ^ next
    half = twos ^ twosA
    const foursA = (twos & twosA) | (half & twosB)
    twos = half ^ twosB
    word = words[i + 4]!
    next = words[i + 5]!
    half = ones ^ word
    const twosC = (ones & word) | (half & next)
    ones = half ^ next
    word = words[i + 6]!
    next = words[i + 7]!
    half = ones ^ word
    const twosD = (ones & word) | (half & next)
    ones = half ^ next
    half = twos ^ twosC
    const foursB = (twos & twosC) | (half & twosD)
    twos = half ^ twosD
    half = fours ^ foursA
    eights += popcount((fours & foursA) | (half & foursB))
    fours = half ^ foursB
    i += 8
  }
  return total + eights * 8 + popcount(fours) * 4 + popcount(twos) * 2 + popcount(ones)
}

/** Set bits of `[from, to)`. */
export function countBetween(words: Uint32Array, from: number, to: number): number {
  if (to <= from) return 0
  const last = (to - 1) >>> 5
  let total = 0
  for (let index = from >>> 5; index <= last; index++) {
    let word = words[index]!
    if (index === from >>> 5) word &= 0xffffffff << (from & 31)
    if (index === last) word &= 0xffffffff >>> (31 - ((to - 1) & 31))
    if (word !== 0) total += popcount(word)
  }
  return total
}

/** What is made of bitmaps one after the other: of one that many spans share it is made once. */
export function madeOnce<T>(make: (words: Uint32Array) => T): (words: Uint32Array) => T {
  let last: { words: Uint32Array; made: T } | null = null
  return words => {
    if (last === null || !isSameMemory(words, last.words)) last = { words, made: make(words) }
    return last.made
  }
}

/** A count of bitmaps one after the other. */
export function countingOnce(): (words: Uint32Array) => number {
  return madeOnce(countBits)
}

/** The bits that another array of the same length lacks; null where it lacks none. */
export function without(words: Uint32Array, other: Uint32Array): Uint32Array | null {
  if (isSameMemory(words, other)) return null
  let i = 0
  while (i < words.length && (words[i]! & ~other[i]!) === 0) i++
  if (i === words.length) return null
  const left = new Uint32Array(words.length)
  for (; i < words.length; i++) left[i] = words[i]! & ~other[i]!
  return left
}

/** True when no word has a bit set. */
export function isEmpty(words: Uint32Array): boolean {
  return nextUsed(words, 0) === words.length
}

/** True when two arrays of the same length are the same memory: many spans of a set may be one bitmap. */
export function isSameMemory(a: Uint32Array, b: Uint32Array): boolean {
  return a === b || (a.buffer === b.buffer && a.byteOffset === b.byteOffset)
}

/** True when two arrays of the same length hold the same words. */
export function sameWords(a: Uint32Array, b: Uint32Array): boolean {
  if (isSameMemory(a, b)) return true
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) return false
    if (a[i] !== 0) continue
    const next = nextUsed(a, i + 1)
    if (next !== nextUsed(b, i + 1)) return false
    i = next - 1
  }
  return true
}

/** Whether two arrays of the same length hold the same words. */
export type WordComparison = (a: Uint32Array, b: Uint32Array) => boolean

/**
 * A comparison that looks at two arrays once, whichever of them it is asked of first: for who asks several things of the
 * same large sets. It keeps the arrays, which nobody may write to meanwhile.
 */
export function compareOnce(): WordComparison {
  const known = new Map<Uint32Array, { other: Uint32Array; same: boolean }>()
  return (a, b) => {
    const found = known.get(a)
    if (found?.other === b) return found.same
    const same = sameWords(a, b)
    known.set(a, { other: b, same })
    known.set(b, { other: a, same })
    return same
  }
}

/** Index of the first set bit at or after `from`, or `words.length * 32`. */
export function nextSet(words: Uint32Array, from: number): number {
  const bits = words.length * 32
  if (from >= bits) return bits
  let index = from >>> 5
  let word = words[index]! & (0xffffffff << (from & 31))
  if (word === 0) {
    index = nextUsed(words, index + 1)
    if (index === words.length) return bits
    word = words[index]!
  }
  return index * 32 + 31 - Math.clz32(word & -word)
}

/** Index of the first clear bit at or after `from`, or `words.length * 32`. */
export function nextClear(words: Uint32Array, from: number): number {
  const bits = words.length * 32
  if (from >= bits) return bits
  let index = from >>> 5
  let word = ~words[index]! & (0xffffffff << (from & 31))
  while (word === 0) {
    index++
    if (index === words.length) return bits
    word = ~words[index]!
  }
  return index * 32 + 31 - Math.clz32(word & -word)
}

/** Index of the last set bit at or before `to`, or -1. */
export function lastSet(words: Uint32Array, to: number): number {
  for (let index = to >>> 5; index >= 0; index--) {
    const mask = index === to >>> 5 ? 0xffffffff >>> (31 - (to & 31)) : 0xffffffff
    const word = words[index]! & mask
    if (word !== 0) return index * 32 + 31 - Math.clz32(word)
  }
  return -1
}

/** Sets bits `[from, to)`. */
export function fillBits(words: Uint32Array, from: number, to: number): void {
  if (to <= from) return
  const first = from >>> 5
  const last = (to - 1) >>> 5
  const head = 0xffffffff << (from & 31)
  const tail = 0xffffffff >>> (31 - ((to - 1) & 31))
  if (first === last) {
    words[first] = words[first]! | (head & tail)
    return
  }
  words[first] = words[first]! | head
  words.fill(0xffffffff, first + 1, last)
  words[last] = words[last]! | tail
}

/**
 * Bytes of a kernel bitmap as 32-bit words: a view where alignment allows it, else a copy. A kernel bitmap is an
 * array of little-endian longs, so its words are this host's words too (every host that Node runs on with KHO's
 * byte order; a big-endian host copies).
 */
export function wordsOf(bytes: Uint8Array): Uint32Array {
  const aligned = bytes.byteOffset % 4 === 0 && HOST_IS_LITTLE_ENDIAN
  if (aligned) return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 2)
  const words = new Uint32Array(bytes.byteLength >>> 2)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let i = 0; i < words.length; i++) words[i] = view.getUint32(i * 4, true)
  return words
}

/** The bytes of words that are a view of a kernel bitmap, or could be one. */
export function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength)
}

const HOST_IS_LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1

/** The first slot at or after `from` of an array of u64s that is not 0, or a slot behind its end. */
export function nextUsedSlot(words: Uint32Array, from: number): number {
  return nextUsed(words, from * 2) >>> 1
}

/** A copy without the bits behind `last`. */
export function upTo(words: Uint32Array, last: number): Uint32Array {
  const copy = words.slice()
  copy.fill(0, (last >>> 5) + 1)
  // A shift by 32 does nothing: the last bit of a word keeps all of it.
  if ((last & 31) !== 31) copy[last >>> 5]! &= 2 ** ((last & 31) + 1) - 1
  return copy
}
