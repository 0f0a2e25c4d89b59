import { bitsAt, streamEnd } from './bits.js'
import { damage } from './damage.js'
import { type FseTable, fseSingle, fseTable, readFseTable } from './fse.js'

/** Most bytes that a block can hold, compressed or not. */
export const MAX_BLOCK_BYTES = 2 ** 17

/** A match has three bytes at least. */
const MAX_SEQUENCES = Math.ceil(MAX_BLOCK_BYTES / 3)

/** What a block's sequences need from the blocks before it in the frame. */
export interface SequenceHistory {
  /** Literal length, offset, match length; null before the first. */
  tables: [FseTable | null, FseTable | null, FseTable | null]
  /** The last three offsets. */
  offsets: [number, number, number]
}

/** Decoded sequences of one block: copy so many literals, then so many bytes from so far back. */
export interface Sequences {
  count: number
  literals: Int32Array
  matches: Int32Array
  offsets: Float64Array
  /** Sum of all literals and matches. */
  literalBytes: number
  matchBytes: number
}

interface Code {
  /** Value that a symbol stands for, before its extra bits. */
  base: readonly number[]
  extra: readonly number[]
  maxLog: number
  standard: FseTable
}

/** Extra bits to base values: each symbol begins where the one before ends. */
function bases(first: number, extra: readonly number[]): number[] {
  let value = first
  return extra.map(width => {
    const base = value
    value += 2 ** width
    return base
  })
}

const repeat = (value: number, count: number): number[] => new Array<number>(count).fill(value)

// Codes and default distributions: RFC 8878, 3.1.1.3.2.1 and 3.1.1.3.2.2.
const LITERAL_EXTRA = [...repeat(0, 16), 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]
const MATCH_EXTRA = [...repeat(0, 32), 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]
const OFFSET_EXTRA = Array.from({ length: 32 }, (_, i) => i)
const LITERAL_COUNTS = [
  4,
  3,
  ...repeat(2, 11),
  1,
  1,
  1,
  ...repeat(2, 9),
  3,
  2,
  ...repeat(1, 5),
  ...repeat(-1, 4),
]
const MATCH_COUNTS = [1, 4, 3, ...repeat(2, 6), ...repeat(1, 37), ...repeat(-1, 7)]
const OFFSET_COUNTS = [...repeat(1, 6), 2, 2, 2, ...repeat(1, 15), ...repeat(-1, 5)]

const LITERAL: Code = {
  base: bases(0, LITERAL_EXTRA),
  extra: LITERAL_EXTRA,
  maxLog: 9,
  standard: fseTable(LITERAL_COUNTS, 6),
}
const OFFSET: Code = {
  base: OFFSET_EXTRA.map(width => 2 ** width),
  extra: OFFSET_EXTRA,
  maxLog: 8,
  standard: fseTable(OFFSET_COUNTS, 5),
}
const MATCH: Code = {
  base: bases(3, MATCH_EXTRA),
  extra: MATCH_EXTRA,
  maxLog: 9,
  standard: fseTable(MATCH_COUNTS, 6),
}

/** Reused by every block: decoding is synchronous. */
const sequences: Sequences = {
  count: 0,
  literals: new Int32Array(MAX_SEQUENCES),
  matches: new Int32Array(MAX_SEQUENCES),
  offsets: new Float64Array(MAX_SEQUENCES),
  literalBytes: 0,
  matchBytes: 0,
}

/**
 * Decodes the sequences section `bytes[at, end)` of a block. No more is decoded than a block can hold: twenty bytes
 * could otherwise ask for gigabytes.
 */
export function readSequences(
  bytes: Uint8Array,
  at: number,
  end: number,
  literalBytes: number,
  history: SequenceHistory,
): Sequences {
  const header = readCount(bytes, at, end)
  sequences.count = header.count
  sequences.literalBytes = 0
  sequences.matchBytes = 0
  if (header.count === 0) {
    if (header.next !== end) throw damage('a block goes on after its last literal')
    return sequences
  }
  const start = readTables(bytes, header.next, end, history)
  decode(bytes, start, end, literalBytes, history)
  return sequences
}

function readCount(bytes: Uint8Array, at: number, end: number): { count: number; next: number } {
  const first = bytes[at] as number
  const length = first < 128 ? 1 : first < 255 ? 2 : 3
  if (at + length > end) throw damage('a block ends before its sequences')
  const second = bytes[at + 1] as number
  const count =
    length === 1
      ? first
      : length === 2
        ? (first - 128) * 256 + second
        : second + bytes[at + 2]! * 256 + 0x7f00
  if (count > MAX_SEQUENCES) throw damage(`${count} sequences are more than a block can hold`)
  return { count, next: at + length }
}

/** Returns the offset of the bit stream that follows the tables. */
function readTables(bytes: Uint8Array, at: number, end: number, history: SequenceHistory): number {
  if (at >= end) throw damage('a block ends before its tables')
  const modes = bytes[at] as number
  if (modes % 4 !== 0) throw damage('reserved bits of the sequences are set')
  let next = at + 1
  for (const [i, code] of [LITERAL, OFFSET, MATCH].entries()) {
    const mode = (modes >> (6 - 2 * i)) & 3
    if (mode === 0) history.tables[i] = code.standard
    if (mode === 1) {
      const symbol = bytes[next++] as number
      if (next > end || symbol >= code.base.length) throw damage('the only symbol of a table is none')
      history.tables[i] = fseSingle(symbol)
    }
    if (mode === 2) {
      const read = readFseTable(bytes, next, end, code.maxLog, code.base.length - 1)
      history.tables[i] = read.table
      next = read.next
    }
  }
  return next
}

function decode(
  bytes: Uint8Array,
  start: number,
  end: number,
  literalBytes: number,
  history: SequenceHistory,
): void {
  const [literalTable, offsetTable, matchTable] = history.tables
  if (literalTable === null || offsetTable === null || matchTable === null) {
    throw damage('a table is repeated that there was not')
  }
  const first = start * 8
  let at = streamEnd(bytes, start, end)
  const take = (width: number): number => {
    at -= width
    return bitsAt(bytes, at, width)
  }
  // Stops in time also where all widths are 0, because every round adds three bytes or more.
  const check = () => {
    if (at < first) throw damage('the sequences of a block are cut short')
  }
  let literalState = take(literalTable.log)
  let offsetState = take(offsetTable.log)
  let matchState = take(matchTable.log)
  check()
  let usedLiterals = 0
  let matched = 0
  for (let i = 0; i < sequences.count; i++) {
    const offsetSymbol = offsetTable.symbols[offsetState] as number
    const matchSymbol = matchTable.symbols[matchState] as number
    const literalSymbol = literalTable.symbols[literalState] as number
    // Up to 31 bits: two halves.
    const high = offsetSymbol > 16 ? take(offsetSymbol - 16) * 65536 : 0
    check()
    const value = 2 ** offsetSymbol + high + take(Math.min(offsetSymbol, 16))
    const match = (MATCH.base[matchSymbol] as number) + take(MATCH.extra[matchSymbol] as number)
    const literal = (LITERAL.base[literalSymbol] as number) + take(LITERAL.extra[literalSymbol] as number)
    check()
    usedLiterals += literal
    matched += match
    if (usedLiterals > literalBytes || literalBytes + matched > MAX_BLOCK_BYTES) {
      throw damage('the sequences make more than a block can hold')
    }
    sequences.literals[i] = literal
    sequences.matches[i] = match
    sequences.offsets[i] = nextOffset(history.offsets, value, literal)
    if (i + 1 < sequences.count) {
      literalState = literalTable.base[literalState]! + take(literalTable.bits[literalState] as number)
      matchState = matchTable.base[matchState]! + take(matchTable.bits[matchState] as number)
      offsetState = offsetTable.base[offsetState]! + take(offsetTable.bits[offsetState] as number)
      check()
    }
  }
  if (at !== first) throw damage('the sequences of a block do not end with it')
  sequences.literalBytes = usedLiterals
  sequences.matchBytes = matched
}

/** Values 1 to 3 repeat one of the last offsets (RFC 8878, 3.1.1.5). */
function nextOffset(last: [number, number, number], value: number, literal: number): number {
  const index = value > 3 ? 3 : value - 1 + (literal === 0 ? 1 : 0)
  if (index === 0) return last[0]
  const offset = value > 3 ? value - 3 : index === 3 ? last[0] - 1 : (last[index] as number)
  if (index !== 1) last[2] = last[1]
  last[1] = last[0]
  last[0] = offset
  return offset
}
