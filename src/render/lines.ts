import type { Writer } from './writer.js'

const CAPACITY = 1 << 18
/** No piece that is put at once is longer. */
const SLACK = 256

/** A reused byte buffer for many short lines: millions of blocks without a string each. */
export interface LineBuffer {
  /** ASCII text of at most 256 characters. */
  text(text: string): void
  /** `0x…`, lower-case, unpadded; an integer in 0 … 2^53. */
  hex(value: number): void
  /** Decimal; an integer in 0 … 2^53. */
  decimal(value: number): void
  /** Hands the rest to the writer. */
  flush(): void
}

/** Makes a {@link LineBuffer} in front of a writer. */
export function lineBuffer(write: Writer): LineBuffer {
  const bytes = new Uint8Array(CAPACITY)
  let length = 0

  const room = () => {
    if (length > CAPACITY - SLACK) flush()
  }
  const flush = () => {
    if (length > 0) write(bytes.subarray(0, length))
    length = 0
  }
  const nibbles = (word: number, digits: number) => {
    for (let shift = (digits - 1) * 4; shift >= 0; shift -= 4) {
      const nibble = (word >>> shift) & 15
      bytes[length++] = nibble + (nibble < 10 ? 0x30 : 0x57)
    }
  }
  return {
    text(text) {
      room()
      for (let i = 0; i < text.length; i++) bytes[length++] = text.charCodeAt(i)
    },
    hex(value) {
      room()
      bytes[length++] = 0x30
      bytes[length++] = 0x78
      // Addresses pass 32 bits: the halves are taken apart first, then each is a word.
      const high = Math.floor(value / 0x1_0000_0000)
      const low = value % 0x1_0000_0000
      if (high === 0) return nibbles(low, digitsOf(low))
      nibbles(high, digitsOf(high))
      nibbles(low, 8)
    },
    decimal(value) {
      room()
      if (value < 10) {
        bytes[length++] = 0x30 + value
        return
      }
      const text = String(value)
      for (let i = 0; i < text.length; i++) bytes[length++] = text.charCodeAt(i)
    },
    flush,
  }
}

function digitsOf(word: number): number {
  return word === 0 ? 1 : (35 - Math.clz32(word)) >>> 2
}
