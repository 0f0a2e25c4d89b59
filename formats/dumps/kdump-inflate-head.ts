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
 * the beginning of each page, and a call of zlib itself costs ten times as much. Checks nothing of what is not
 * decoded. Nothing outside `input` is read and nothing outside `output` written.
 *
 * @returns bytes written: fewer than `output` holds only where the data ends.
 * @throws KhoError `unreadable` for damaged data.
 */
export function inflateHead(input: Uint8Array, output: Uint8Array): number {
  const bits = bitReader(input)
  const method = bits.take(8)
  if (method % 16 !== 8 || (method * 256 + bits.take(8)) % 31 !== 0) throw damaged('it has no zlib header')
  let op = 0
  for (;;) {
    const last = bits.take(1) === 1
    const type = bits.take(2)
    if (type === 0) op = copyStored(bits, output, op)
    else if (type === 1) op = decode(bits, FIXED.lengths, FIXED.distances, output, op)
    else if (type === 2) op = decode(bits, ...readCodes(bits), output, op)
    else throw damaged('a block of type 3')
    if (last || op === output.length) return op
  }
}

interface BitReader {
  /** The next `count` bits, at most 16; the first is the lowest. */
  take(count: number): number
  /** Skips to the next byte, and gives up to `count` bytes from there. */
  bytes(count: number): Uint8Array
}

function bitReader(input: Uint8Array): BitReader {
  let ip = 0
  let hold = 0
  let held = 0
  return {
    take(count) {
      while (held < count) {
        if (ip >= input.length) throw damaged('it is cut short')
        hold |= (input[ip++] as number) << held
        held += 8
      }
      const value = hold & ((1 << count) - 1)
      hold >>>= count
      held -= count
      return value
    },
    bytes(count) {
      hold = 0
      held = 0
      const part = input.subarray(ip, ip + count)
      ip += part.length
      return part
    },
  }
}

function copyStored(bits: BitReader, output: Uint8Array, op: number): number {
  const head = bits.bytes(4)
  const length = (head[0] ?? 0) + (head[1] ?? 0) * 256
  if (head.length < 4 || length + (head[2] ?? 0) + (head[3] ?? 0) * 256 !== 0xffff) {
    throw damaged('a stored block of no length')
  }
  const count = Math.min(length, output.length - op)
  const bytes = bits.bytes(count)
  if (bytes.length < count) throw damaged('it is cut short')
  output.set(bytes, op)
  return op + count
}

function decode(bits: BitReader, lengths: Code, distances: Code, output: Uint8Array, start: number): number {
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

function withExtra(
  bits: BitReader,
  index: number,
  bases: readonly number[],
  extras: readonly number[],
): number {
  const base = bases[index]
  const extra = extras[index]
  if (base === undefined || extra === undefined) throw damaged('a symbol that does not exist')
  return base + bits.take(extra)
}

/** Canonical decoding bit by bit: of each length the codes are consecutive, and follow those of the length before. */
function nextSymbol(bits: BitReader, { counts, symbols }: Code): number {
  let code = 0
  let first = 0
  let index = 0
  for (let length = 1; length <= MAX_BITS; length++) {
    code += bits.take(1)
    const count = counts[length] as number
    if (code - first < count) return symbols[index + code - first] as number
    index += count
    first = (first + count) * 2
    code *= 2
  }
  throw damaged('a code that does not exist')
}

function makeCode(lengths: Uint8Array): Code {
  const counts = new Uint16Array(MAX_BITS + 1)
  for (const length of lengths) counts[length] = (counts[length] as number) + 1
  const next = new Uint16Array(MAX_BITS + 2)
  let left = 1
  for (let length = 1; length <= MAX_BITS; length++) {
    left = left * 2 - (counts[length] as number)
    if (left < 0) throw damaged('more codes than fit')
    next[length + 1] = (next[length] as number) + (counts[length] as number)
  }
  const symbols = new Uint16Array(lengths.length)
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol] as number
    if (length === 0) continue
    const place = next[length] as number
    symbols[place] = symbol
    next[length] = place + 1
  }
  return { counts, symbols }
}

/** The codes of a dynamic block, RFC 1951 3.2.7. */
function readCodes(bits: BitReader): [Code, Code] {
  const lengthCount = bits.take(5) + 257
  const distanceCount = bits.take(5) + 1
  const codeCount = bits.take(4) + 4
  const codeLengths = new Uint8Array(19)
  for (let i = 0; i < codeCount; i++) codeLengths[CODE_ORDER[i] as number] = bits.take(3)
  const code = makeCode(codeLengths)
  const lengths = new Uint8Array(lengthCount + distanceCount)
  let at = 0
  while (at < lengths.length) {
    const symbol = nextSymbol(bits, code)
    if (symbol < 16) {
      lengths[at++] = symbol
      continue
    }
    if (symbol === 16 && at === 0) throw damaged('a repetition of nothing')
    const value = symbol === 16 ? (lengths[at - 1] as number) : 0
    const count = symbol === 16 ? 3 + bits.take(2) : symbol === 17 ? 3 + bits.take(3) : 11 + bits.take(7)
    if (at + count > lengths.length) throw damaged('more lengths than codes')
    lengths.fill(value, at, at + count)
    at += count
  }
  return [makeCode(lengths.subarray(0, lengthCount)), makeCode(lengths.subarray(lengthCount))]
}

const FIXED = {
  lengths: makeCode(
    Uint8Array.from({ length: 288 }, (_, symbol) =>
      symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8,
    ),
  ),
  distances: makeCode(new Uint8Array(30).fill(5)),
}

function damaged(what: string): KhoError {
  return new KhoError('unreadable', `damaged zlib data: ${what}`)
}
