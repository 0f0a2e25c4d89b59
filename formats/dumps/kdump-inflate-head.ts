import { KhoError } from '../error.js'

/** Lengths and distances, RFC 1951 3.2.5: base values, and how many bits are added. */
const LENGTH_BASE = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
  227, 258,
]
const LENGTH_EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
const DISTANCE_BASE = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097,
  6145, 8193, 12289, 16385, 24577,
]
const DISTANCE_EXTRA = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
]
/** The order in which the lengths of the code for lengths come, RFC 1951 3.2.7. */
const CODE_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

const MAX_BITS = 15

/** A Huffman code as counts of codes by length and the symbols in their order: quick to make, as few are decoded. */
interface Code {
  counts: Uint16Array
  symbols: Uint16Array
}

/**
 * Decompresses the first bytes of zlib data (RFC 1950, 1951), as many as `output` holds: a pass over a dump looks at
 * the beginning of each page, and a call of zlib itself costs three times as much. Checks nothing of what is not
 * decoded. Nothing outside `input` is read and nothing outside `output` written.
 *
 * @returns bytes written: fewer than `output` holds only where the data ends.
 * @throws KhoError `unreadable` for damaged data.
 */
export function inflateHead(input: Uint8Array, output: Uint8Array): number {
  const bits: Bits = { input, ip: 0, hold: 0, held: 0 }
  const method = take(bits, 8)
  if (method % 16 !== 8 || (method * 256 + take(bits, 8)) % 31 !== 0) throw damaged('it has no zlib header')
  let op = 0
  for (;;) {
    const last = take(bits, 1) === 1
    const type = take(bits, 2)
    if (type === 0) op = copyStored(bits, output, op)
    else if (type === 1) op = decode(bits, FIXED.lengths, FIXED.distances, output, op)
    else if (type === 2) op = decode(bits, ...readCodes(bits), output, op)
    else throw damaged('a block of type 3')
    if (last || op === output.length) return op
  }
}

/** What is left to be read of the data, whose lowest bits come first. */
interface Bits {
  readonly input: Uint8Array
  /** The byte that is read next. */
  ip: number
  /** Bits that were read and not taken, and how many. An int32, which V8 keeps without a box. */
  hold: number
  held: number
}

/** Reads as many bytes as there is room for. */
function fill(bits: Bits): void {
  const { input } = bits
  while (bits.held <= 24 && bits.ip < input.length) {
    bits.hold |= (input[bits.ip++] as number) << bits.held
    bits.held += 8
  }
}

/** The next `count` bits, at most 16; the first is the lowest. */
function take(bits: Bits, count: number): number {
  if (count === 0) return 0
  if (bits.held < count) fill(bits)
  if (bits.held < count) throw damaged('it is cut short')
  const value = bits.hold & ((1 << count) - 1)
  bits.hold >>>= count
  bits.held -= count
  return value
}

/** Skips to the next byte, and gives up to `count` bytes from there. */
function takeBytes(bits: Bits, count: number): Uint8Array {
  const start = bits.ip - (bits.held >>> 3)
  const part = bits.input.subarray(start, start + count)
  bits.ip = start + part.length
  bits.hold = 0
  bits.held = 0
  return part
}

function copyStored(bits: Bits, output: Uint8Array, op: number): number {
  const head = takeBytes(bits, 4)
  const length = (head[0] ?? 0) + (head[1] ?? 0) * 256
  if (head.length < 4 || length + (head[2] ?? 0) + (head[3] ?? 0) * 256 !== 0xffff) {
    throw damaged('a stored block of no length')
  }
  const count = Math.min(length, output.length - op)
  const bytes = takeBytes(bits, count)
  if (bytes.length < count) throw damaged('it is cut short')
  output.set(bytes, op)
  return op + count
}

function decode(bits: Bits, lengths: Code, distances: Code, output: Uint8Array, start: number): number {
  let op = start
  while (op < output.length) {
    const symbol = nextSymbol(bits, lengths)
    if (symbol < 256) {
      output[op++] = symbol
      continue
    }
    if (symbol === 256) return op
    const length = withExtra(bits, symbol - 257, LENGTH_BASE, LENGTH_EXTRA)
    const distance = withExtra(bits, nextSymbol(bits, distances), DISTANCE_BASE, DISTANCE_EXTRA)
    if (distance > op) throw damaged(`a match reaches ${distance} bytes back from byte ${op}`)
    const end = Math.min(op + length, output.length)
    for (; op < end; op++) output[op] = output[op - distance] as number
  }
  return op
}

function withExtra(bits: Bits, index: number, bases: readonly number[], extras: readonly number[]): number {
  const base = bases[index]
  const extra = extras[index]
  if (base === undefined || extra === undefined) throw damaged('a symbol that does not exist')
  return base + take(bits, extra)
}

/** Canonical decoding bit by bit: of each length the codes are consecutive, and follow those of the length before. */
function nextSymbol(bits: Bits, { counts, symbols }: Code): number {
  if (bits.held < MAX_BITS) fill(bits)
  const { held } = bits
  let { hold } = bits
  let code = 0
  let first = 0
  let index = 0
  for (let length = 1; length <= MAX_BITS; length++) {
    if (length > held) throw damaged('it is cut short')
    code += hold & 1
    hold >>>= 1
    const count = counts[length] as number
    if (code - first < count) {
      bits.hold = hold
      bits.held = held - length
      return symbols[index + code - first] as number
    }
    index += count
    first = (first + count) * 2
    code *= 2
  }
  throw damaged('a code that does not exist')
}

/** Makes the code of symbols 0 and up of the lengths from `from` to `to`, in place of what was there. */
function makeCode(code: Code, lengths: Uint8Array, from: number, to: number): Code {
  const { counts, symbols } = code
  counts.fill(0)
  for (let at = from; at < to; at++) counts[lengths[at] as number]!++
  NEXT[1] = 0
  let left = 1
  for (let length = 1; length <= MAX_BITS; length++) {
    left = left * 2 - (counts[length] as number)
    if (left < 0) throw damaged('more codes than fit')
    NEXT[length + 1] = (NEXT[length] as number) + (counts[length] as number)
  }
  for (let at = from; at < to; at++) {
    const length = lengths[at] as number
    if (length !== 0) symbols[NEXT[length]!++] = at - from
  }
  return code
}

function room(symbols: number): Code {
  return { counts: new Uint16Array(MAX_BITS + 1), symbols: new Uint16Array(symbols) }
}

/** Room for what a block needs until the next one: a pass makes codes for a page every few microseconds. */
const NEXT = new Uint16Array(MAX_BITS + 2)
const LENGTHS = new Uint8Array(2 ** 5 + 256 + 2 ** 5)
const CODE_LENGTHS = new Uint8Array(CODE_ORDER.length)
const ROOM = { order: room(CODE_ORDER.length), lengths: room(2 ** 5 + 256), distances: room(2 ** 5) }

/** The codes of a dynamic block, RFC 1951 3.2.7. */
function readCodes(bits: Bits): [Code, Code] {
  const lengthCount = take(bits, 5) + 257
  const distanceCount = take(bits, 5) + 1
  const codeCount = take(bits, 4) + 4
  CODE_LENGTHS.fill(0)
  for (let i = 0; i < codeCount; i++) CODE_LENGTHS[CODE_ORDER[i] as number] = take(bits, 3)
  const code = makeCode(ROOM.order, CODE_LENGTHS, 0, CODE_LENGTHS.length)
  const end = lengthCount + distanceCount
  let at = 0
  while (at < end) {
    const symbol = nextSymbol(bits, code)
    if (symbol < 16) {
      LENGTHS[at++] = symbol
      continue
    }
    if (symbol === 16 && at === 0) throw damaged('a repetition of nothing')
    const value = symbol === 16 ? (LENGTHS[at - 1] as number) : 0
    const count = symbol === 16 ? 3 + take(bits, 2) : symbol === 17 ? 3 + take(bits, 3) : 11 + take(bits, 7)
    if (at + count > end) throw damaged('more lengths than codes')
    for (const to = at + count; at < to; at++) LENGTHS[at] = value
  }
  return [
    makeCode(ROOM.lengths, LENGTHS, 0, lengthCount),
    makeCode(ROOM.distances, LENGTHS, lengthCount, end),
  ]
}

const FIXED_LENGTHS = Uint8Array.from({ length: 288 }, (_, symbol) =>
  symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8,
)
const FIXED = {
  lengths: makeCode(room(288), FIXED_LENGTHS, 0, 288),
  distances: makeCode(room(30), new Uint8Array(30).fill(5), 0, 30),
}

function damaged(what: string): KhoError {
  return new KhoError('unreadable', `damaged zlib data: ${what}`)
}
