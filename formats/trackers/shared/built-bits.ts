import type { MemoryBuilder } from '../../memory/memory-builder.js'
import { fillBits, wordsOf } from '../../pages/words.js'
import { clearBit, setBit } from './bit.js'

/**
 * Bits of the bitmaps that a writer makes, by the address of each: who has many of them keeps no more than that. A page is
 * opened once for all that is done in it in a row.
 */
export interface BuiltBits {
  /** A bitmap of a page, all of it clear, that takes no memory until a bit is set. */
  emptyPage(): number
  set(bitmap: number, bit: number): void
  /** False where it was clear. */
  clear(bitmap: number, bit: number): boolean
  /** Sets bits `[from, to)`. */
  fill(bitmap: number, from: number, to: number): void
  /** Sets what is set in words `[from, to)`, from word `at` of the bitmap on. */
  add(bitmap: number, at: number, words: Uint32Array, from: number, to: number): void
}

/** The bits in a builder's pages. */
export function createBuiltBits(builder: MemoryBuilder): BuiltBits {
  const { pageSize } = builder.geometry
  const zeros = new Uint8Array(pageSize)
  let page = -1
  let bytes: Uint8Array = zeros
  let words: Uint32Array | null = null
  /** Opens the page of an address, and gives its place in it. */
  const open = (address: number): number => {
    const within = address & (pageSize - 1)
    if (address - within !== page) {
      page = address - within
      bytes = builder.place(page, 1).bytes
      words = null
    }
    return within
  }
  return {
    emptyPage: () => builder.adopt(zeros)!,
    set(bitmap, bit) {
      const within = open(bitmap)
      setBit(bytes, within * 8 + bit)
    },
    clear(bitmap, bit) {
      const within = open(bitmap)
      return clearBit(bytes, within * 8 + bit)
    },
    fill(bitmap, from, to) {
      const first = open(bitmap) * 8
      words ??= wordsOf(bytes)
      fillBits(words, first + from, first + to)
    },
    add(bitmap, at, source, from, to) {
      const first = open(bitmap) / 4 + at
      words ??= wordsOf(bytes)
      for (let n = from; n < to; n++) {
        const word = source[n]!
        if (word !== 0) words[first + n - from] = words[first + n - from]! | word
      }
    },
  }
}
