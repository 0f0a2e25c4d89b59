import { KhoError } from '../error.js'
import type { ByteSource } from '../memory/byte-source.js'
import { hex } from '../memory/fault.js'
import type { Range } from '../memory/range.js'
import { countBits, nextClear, nextSet, popcount } from '../pages/words.js'

/** Bits in a piece of the index. */
const PIECE_BITS = 4096
const PIECE_BYTES = PIECE_BITS / 8
const PIECE_WORDS = PIECE_BYTES / 4
/** Bytes of one read of a pass. */
const PASS_BYTES = 2 ** 18

/** A bitmap that stays in the file, with how many bits are set before each piece of it. */
export interface KdumpBitmap {
  has(bit: number): boolean
  /** Bits set below `bit`. */
  rank(bit: number): number
  /** The first set bit at or after `bit`, or the number of bits. */
  next(bit: number): number
  /** Bits set. */
  total: number
}

/** Indexes a bitmap of `bits` bits (bit 0 is the lowest of the first byte) in one pass: 8 bytes for 512. */
export function openBitmap(source: ByteSource, offset: number, bits: number): KdumpBitmap {
  const before = new Float64Array(Math.ceil(bits / PIECE_BITS) + 1)
  eachPass(source, offset, bits, (words, first) => {
    for (let at = 0; at < words.length; at += PIECE_WORDS) {
      const index = first / PIECE_BITS + at / PIECE_WORDS
      if (index + 1 >= before.length) break
      before[index + 1] = (before[index] as number) + countBits(words.subarray(at, at + PIECE_WORDS))
    }
    return true
  })
  let piece = -1
  const words = new Uint32Array(PIECE_WORDS)

  function load(bit: number): void {
    const index = Math.floor(bit / PIECE_BITS)
    if (index === piece) return
    piece = -1
    readWords(source, offset, index * PIECE_BITS, bits, words)
    piece = index
  }

  function has(bit: number): boolean {
    if (bit >= bits) return false
    load(bit)
    const inPiece = bit % PIECE_BITS
    return (((words[inPiece >>> 5] as number) >>> (inPiece & 31)) & 1) === 1
  }

  function rank(bit: number): number {
    if (bit >= bits) return before[before.length - 1] as number
    load(bit)
    const inPiece = bit % PIECE_BITS
    const word = inPiece >>> 5
    let count = before[Math.floor(bit / PIECE_BITS)] as number
    for (let i = 0; i < word; i++) count += popcount(words[i] as number)
    return count + popcount((words[word] as number) & ((1 << (inPiece & 31)) - 1))
  }

  function next(bit: number): number {
    let at = bit
    while (at < bits) {
      const index = Math.floor(at / PIECE_BITS)
      if (before[index] === before[index + 1]) {
        at = (index + 1) * PIECE_BITS
        continue
      }
      load(at)
      const found = nextSet(words, at % PIECE_BITS)
      if (found < PIECE_BITS) return index * PIECE_BITS + found
      at = (index + 1) * PIECE_BITS
    }
    return bits
  }

  return { has, rank, next, total: before[before.length - 1] as number }
}

/**
 * The runs of set bits as ranges of `unit` bytes a bit, sorted and merged. Of more than `limit` runs the rest is one
 * range up to the last set bit, and `coarse` is true.
 */
export function bitmapRanges(
  source: ByteSource,
  offset: number,
  bits: number,
  unit: number,
  limit: number,
): { ranges: Range[]; coarse: boolean } {
  const ranges: Range[] = []
  let coarse = false
  eachPass(source, offset, bits, (words, first) => {
    const count = words.length * 32
    for (let at = nextSet(words, 0); at < count; ) {
      const end = nextClear(words, at)
      const start = (first + at) * unit
      const last = ranges[ranges.length - 1]
      if (last !== undefined && (last.end === start || ranges.length >= limit)) {
        coarse ||= last.end !== start
        last.end = (first + end) * unit
      } else {
        ranges.push({ start, end: (first + end) * unit })
      }
      at = end < count ? nextSet(words, end) : count
    }
    return true
  })
  return { ranges, coarse }
}

/** True when two bitmaps have the same bits. */
export function sameBitmap(
  a: ByteSource,
  aOffset: number,
  b: ByteSource,
  bOffset: number,
  bits: number,
): boolean {
  const words = new Uint32Array(PASS_BYTES / 4)
  let same = true
  eachPass(a, aOffset, bits, (mine, first) => {
    const theirs = words.subarray(0, mine.length)
    readWords(b, bOffset, first, bits, theirs)
    for (let i = 0; same && i < mine.length; i++) same = mine[i] === theirs[i]
    return same
  })
  return same
}

/** Hands out all bits in order, a pass's worth at a time; the words are good until the next call. False ends it. */
function eachPass(
  source: ByteSource,
  offset: number,
  bits: number,
  visit: (words: Uint32Array, firstBit: number) => boolean,
): void {
  const words = new Uint32Array(PASS_BYTES / 4)
  for (let bit = 0; bit < bits; bit += PASS_BYTES * 8) {
    const count = Math.min(words.length, Math.ceil((bits - bit) / 32))
    const part = words.subarray(0, count)
    readWords(source, offset, bit, bits, part)
    if (!visit(part, bit)) return
  }
}

/** The bits from `bit` on as words, lowest bit first; clear beyond `bits`. */
function readWords(source: ByteSource, offset: number, bit: number, bits: number, words: Uint32Array): void {
  const at = offset + bit / 8
  const wanted = Math.min(words.length * 4, Math.ceil((bits - bit) / 8))
  const bytes = source.read(at, wanted)
  if (bytes.length < wanted) {
    const message = `the bitmap at file offset ${hex(offset)} is cut short: the file ends at ${hex(source.size)}`
    throw new KhoError('unreadable', message, { offset })
  }
  words.fill(0)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const whole = bytes.length >>> 2
  for (let i = 0; i < whole; i++) words[i] = view.getUint32(i * 4, true)
  for (let i = whole * 4; i < bytes.length; i++) {
    words[whole] = (words[whole] as number) | ((bytes[i] as number) << ((i & 3) * 8))
  }
  const end = bits - bit
  if (end >= words.length * 32) return
  const last = end >>> 5
  words[last] = (words[last] as number) & ((1 << (end & 31)) - 1)
}
