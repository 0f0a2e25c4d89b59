import { damage } from './damage.js'

/** Decoding table of a finite state entropy code (RFC 8878, 4.1): what a state means, and which states follow it. */
export interface FseTable {
  /** log2 of the number of states. */
  log: number
  symbols: Uint8Array
  /** Bits to read for the next state. */
  bits: Uint8Array
  /** What to add to them. */
  base: Uint16Array
}

/** A table that has one state: every symbol is this one. */
export function fseSingle(symbol: number): FseTable {
  return { log: 0, symbols: Uint8Array.of(symbol), bits: new Uint8Array(1), base: new Uint16Array(1) }
}

/** The table of a normalised distribution; -1 is "less than one" (RFC 8878, 4.1.1). */
export function fseTable(counts: ArrayLike<number>, log: number): FseTable {
  const size = 2 ** log
  const symbols = new Uint8Array(size)
  const next = new Uint16Array(counts.length)
  let high = size
  for (let symbol = 0; symbol < counts.length; symbol++) {
    const count = counts[symbol] as number
    if (count === -1) symbols[--high] = symbol
    next[symbol] = Math.abs(count)
  }
  const step = (size >> 1) + (size >> 3) + 3
  let position = 0
  for (let symbol = 0; symbol < counts.length; symbol++) {
    for (let i = counts[symbol] as number; i > 0; i--) {
      symbols[position] = symbol
      do {
        position = (position + step) & (size - 1)
      } while (position >= high)
    }
  }
  const bits = new Uint8Array(size)
  const base = new Uint16Array(size)
  for (let state = 0; state < size; state++) {
    const symbol = symbols[state] as number
    const value = next[symbol]!++
    const width = log - (31 - Math.clz32(value))
    bits[state] = width
    base[state] = (value << width) - size
  }
  return { log, symbols, bits, base }
}

/**
 * Reads a distribution from `bytes[at, end)` and makes its table.
 *
 * @returns the table and the offset of the byte after the distribution.
 */
export function readFseTable(
  bytes: Uint8Array,
  at: number,
  end: number,
  maxLog: number,
  maxSymbol: number,
): { table: FseTable; next: number } {
  let bit = at * 8
  const log = ((bytes[at] as number) % 16) + 5
  if (log > maxLog) throw damage('an entropy table is larger than allowed')
  bit += 4
  const counts = new Int16Array(maxSymbol + 1)
  let symbol = 0
  // One more than the states that are left to be given away.
  let remaining = 2 ** log + 1
  while (remaining > 1) {
    if (symbol > maxSymbol || bit > end * 8) throw damage('an entropy table does not end')
    const width = 32 - Math.clz32(remaining)
    const threshold = 1 << (width - 1)
    const spare = 2 * threshold - 1 - remaining
    let value = peek(bytes, bit) & (2 * threshold - 1)
    if ((value & (threshold - 1)) < spare) {
      value &= threshold - 1
      bit += width - 1
    } else {
      if (value >= threshold) value -= spare
      bit += width
    }
    const count = value - 1
    counts[symbol++] = count
    remaining -= Math.abs(count)
    for (let skip = count === 0 ? 3 : 0; skip === 3; symbol += skip) {
      skip = peek(bytes, bit) & 3
      bit += 2
      if (bit > end * 8) throw damage('an entropy table does not end')
    }
  }
  const next = Math.ceil(bit / 8)
  if (remaining !== 1 || symbol > maxSymbol + 1 || next > end) throw damage('an entropy table makes no sense')
  return { table: fseTable(counts, log), next }
}

/** At least 25 bits from a bit offset on. */
function peek(bytes: Uint8Array, bit: number): number {
  const at = bit >> 3
  return (
    ((bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> (bit & 7)) | 0
  )
}
