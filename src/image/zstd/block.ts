import { MARGIN } from './bits.js'
import { damage } from './damage.js'
import type { FrameOutput } from './frame-output.js'
import { decodeHuffman, type HuffmanTable, readHuffmanTable } from './huffman.js'
import { MAX_BLOCK_BYTES, readSequences, type SequenceHistory, type Sequences } from './sequences.js'

/** What a block needs from those before it in its frame. */
export interface FrameHistory extends SequenceHistory {
  huffman: HuffmanTable | null
}

/** The history of a frame's first block. */
export function newHistory(): FrameHistory {
  return { huffman: null, tables: [null, null, null], offsets: [1, 4, 8] }
}

/** Reused by every block: decoding is synchronous. */
const input = new Uint8Array(MARGIN + MAX_BLOCK_BYTES + MARGIN)
const literals = new Uint8Array(MAX_BLOCK_BYTES)

/** Decodes the contents of one compressed block to the end of the frame's output (RFC 8878, 3.1.1.2.3). */
export function decodeBlock(bytes: Uint8Array, history: FrameHistory, output: FrameOutput): void {
  input.set(bytes, MARGIN)
  const end = MARGIN + bytes.length
  const { length, next } = readLiterals(end, history)
  const sequences = readSequences(input, next, end, length, history)
  const count = length + sequences.matchBytes
  if (count > MAX_BLOCK_BYTES) throw damage('a block holds more than the window')
  const target = output.extend(count)
  execute(sequences, length, target, output.length - count)
}

interface LiteralsHeader {
  /** Bytes of the header itself. */
  header: number
  length: number
  compressed: number
  streams: number
}

/** Fills `literals`; returns their number and the offset of the sequences. */
function readLiterals(end: number, history: FrameHistory): { length: number; next: number } {
  const type = input[MARGIN]! & 3
  const { header, length, compressed, streams } = literalsHeader(type)
  const start = MARGIN + header
  const next = start + (type === 0 ? length : type === 1 ? 1 : compressed)
  if (length > MAX_BLOCK_BYTES) throw damage('a block has more literals than it can hold')
  if (next >= end) throw damage('a block ends before its sequences')
  if (type === 0) {
    literals.set(input.subarray(start, next))
  } else if (type === 1) {
    literals.fill(input[start] as number, 0, length)
  } else {
    let at = start
    if (type === 2) {
      const read = readHuffmanTable(input, start, next)
      history.huffman = read.table
      at = read.next
    }
    if (history.huffman === null) throw damage('a Huffman table is repeated that there was not')
    if (streams === 1) decodeHuffman(history.huffman, input, at, next, literals, 0, length)
    else decodeFour(history.huffman, at, next, length)
  }
  return { length, next }
}

function literalsHeader(type: number): LiteralsHeader {
  const [a, b, c, d, e] = input.subarray(MARGIN, MARGIN + 5) as unknown as [
    number,
    number,
    number,
    number,
    number,
  ]
  const format = (a >> 2) & 3
  if (type < 2) {
    const header = format === 1 ? 2 : format === 3 ? 3 : 1
    const length = header === 1 ? a >> 3 : (a >> 4) + b * 16 + (header === 3 ? c * 4096 : 0)
    return { header, length, compressed: 0, streams: 1 }
  }
  const header = format < 2 ? 3 : format + 2
  const width = format < 2 ? 10 : format === 2 ? 14 : 18
  const value = a + b * 2 ** 8 + c * 2 ** 16 + (header > 3 ? d * 2 ** 24 : 0) + (header > 4 ? e * 2 ** 32 : 0)
  const sizes = Math.floor(value / 16)
  return {
    header,
    length: sizes % 2 ** width,
    compressed: Math.floor(sizes / 2 ** width),
    streams: format === 0 ? 1 : 4,
  }
}

/** Four streams behind a table of three lengths. */
function decodeFour(table: HuffmanTable, at: number, end: number, length: number): void {
  const quarter = Math.ceil(length / 4)
  if (at + 6 > end || 3 * quarter > length) throw damage('four Huffman streams are cut short')
  let start = at + 6
  for (let i = 0; i < 4; i++) {
    const size = i < 3 ? input[at + 2 * i]! + input[at + 2 * i + 1]! * 256 : end - start
    if (start + size > end) throw damage('four Huffman streams are cut short')
    decodeHuffman(
      table,
      input,
      start,
      start + size,
      literals,
      i * quarter,
      i < 3 ? (i + 1) * quarter : length,
    )
    start += size
  }
}

/** Below this, a loop is faster than a call. */
const SHORT_COPY = 24

function execute(sequences: Sequences, length: number, target: Uint8Array, start: number): void {
  let from = 0
  let at = start
  for (let i = 0; i < sequences.count; i++) {
    const count = sequences.literals[i] as number
    copyLiterals(target, at, from, count)
    from += count
    at += count
    const offset = sequences.offsets[i] as number
    if (!(offset > 0 && offset <= at)) throw damage('a match reaches behind the beginning')
    const match = sequences.matches[i] as number
    if (match > SHORT_COPY && offset >= match) {
      target.copyWithin(at, at - offset, at - offset + match)
    } else if (match > SHORT_COPY && offset === 1) {
      target.fill(target[at - 1] as number, at, at + match)
    } else {
      for (let end = at + match, to = at; to < end; to++) target[to] = target[to - offset] as number
    }
    at += match
  }
  copyLiterals(target, at, from, length - from)
}

function copyLiterals(target: Uint8Array, at: number, from: number, count: number): void {
  if (count > SHORT_COPY) target.set(literals.subarray(from, from + count), at)
  else for (let i = 0; i < count; i++) target[at + i] = literals[from + i] as number
}
