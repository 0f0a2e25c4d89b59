import { bitsAt, streamEnd } from './bits.js'
import { damage } from './damage.js'
import { readFseTable } from './fse.js'

/** Decoding table of a Huffman code (RFC 8878, 4.2): indexed by the next `log` bits. */
export interface HuffmanTable {
  log: number
  symbols: Uint8Array
  /** Bits of the symbol's code. */
  bits: Uint8Array
}

const MAX_LOG = 11
const MAX_WEIGHT_LOG = 6

/**
 * Reads a Huffman tree description from `bytes[at, end)`.
 *
 * @returns the table and the offset of the byte after the description.
 */
export function readHuffmanTable(
  bytes: Uint8Array,
  at: number,
  end: number,
): { table: HuffmanTable; next: number } {
  const header = at < end ? (bytes[at] as number) : 0
  const length = header < 128 ? header : Math.ceil((header - 127) / 2)
  const next = at + 1 + length
  if (length === 0 || next > end) throw damage('a Huffman table is cut short')
  const weights = new Uint8Array(256)
  const count = header < 128 ? readWeights(bytes, at + 1, next, weights) : header - 127
  if (header >= 128) {
    for (let i = 0; i < count; i++) {
      const pair = bytes[at + 1 + (i >> 1)] as number
      weights[i] = i % 2 === 0 ? pair >> 4 : pair & 15
    }
  }
  return { table: huffmanTable(weights, count), next }
}

/** Weights in an FSE code with two states that take turns. */
function readWeights(bytes: Uint8Array, start: number, end: number, weights: Uint8Array): number {
  const { table, next } = readFseTable(bytes, start, end, MAX_WEIGHT_LOG, 12)
  const first = next * 8
  let at = streamEnd(bytes, next, end) - 2 * table.log
  if (at < first) throw damage('the weights of a Huffman table are cut short')
  let state = bitsAt(bytes, at + table.log, table.log)
  let other = bitsAt(bytes, at, table.log)
  let count = 0
  for (;;) {
    if (count > 253) throw damage('a Huffman table has too many weights')
    weights[count++] = table.symbols[state] as number
    const width = table.bits[state] as number
    at -= width
    if (at < first) break
    const after = (table.base[state] as number) + bitsAt(bytes, at, width)
    state = other
    other = after
  }
  weights[count++] = table.symbols[other] as number
  return count
}

/** The last weight is not written: it is what fills the code up to a power of two. */
function huffmanTable(weights: Uint8Array, count: number): HuffmanTable {
  let total = 0
  for (let i = 0; i < count; i++) {
    if (weights[i]! > MAX_LOG) throw damage('a Huffman weight is too large')
    if (weights[i]! > 0) total += 1 << (weights[i]! - 1)
  }
  const log = 32 - Math.clz32(total)
  const left = 2 ** log - total
  if (total === 0 || log > MAX_LOG || (left & (left - 1)) !== 0)
    throw damage('a Huffman code is not complete')
  weights[count] = 32 - Math.clz32(left)
  const symbols = new Uint8Array(2 ** log)
  const bits = new Uint8Array(2 ** log)
  let at = 0
  for (let weight = 1; weight <= log; weight++) {
    const width = 1 << (weight - 1)
    for (let symbol = 0; symbol <= count; symbol++) {
      if (weights[symbol] !== weight) continue
      symbols.fill(symbol, at, at + width)
      bits.fill(log + 1 - weight, at, at + width)
      at += width
    }
  }
  return { log, symbols, bits }
}

/** Decodes the stream `bytes[start, end)` into `output[from, to)`, which it must fill exactly. */
export function decodeHuffman(
  table: HuffmanTable,
  bytes: Uint8Array,
  start: number,
  end: number,
  output: Uint8Array,
  from: number,
  to: number,
): void {
  const { log, symbols, bits } = table
  const first = start * 8
  const mask = (1 << log) - 1
  let at = streamEnd(bytes, start, end)
  for (let i = from; i < to; i++) {
    // Below the first bit the look-up sees others, but only in places that the code of a good stream ignores.
    const bit = at - log
    const byte = bit >> 3
    const word = bytes[byte]! | (bytes[byte + 1]! << 8) | (bytes[byte + 2]! << 16)
    const entry = (word >> (bit & 7)) & mask
    output[i] = symbols[entry] as number
    at -= bits[entry] as number
    if (at < first) break
  }
  if (at !== first) throw damage('a Huffman stream does not end with its symbols')
}
