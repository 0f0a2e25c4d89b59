import { countBits, nextSet } from '../../../formats/pages/words.js'
import type { Reservations } from '../../boot/boot.js'
import type { Writer } from '../../render/writer.js'

/** Bytes that are handed on at a time, and the most that a line has. */
const BUFFER = 2 ** 18
const LINE = 128
/** Addresses are cut here: what is above changes seldom, and 24 bits are six digits, looked up three at a time. */
const LOW = 2 ** 24
const MINUS = 0x2d

/** The three digits of each number below 4096. */
const DIGITS = new Uint8Array(4096 * 3)
for (let n = 0; n < 4096; n++) {
  const text = n.toString(16).padStart(3, '0')
  for (let at = 0; at < 3; at++) DIGITS[n * 3 + at] = text.charCodeAt(at)
}

interface LineBuffer {
  bytes: Uint8Array
  length: number
}

/** Writes the calls a line each: without an object, or a string, for a block. */
export function writeReservations(
  write: Writer,
  reservations: readonly Reservations[],
  pageSize: number,
): void {
  const buffer: LineBuffer = { bytes: new Uint8Array(BUFFER + LINE), length: 0 }
  const flush = () => {
    write(buffer.bytes.subarray(0, buffer.length))
    buffer.length = 0
  }
  for (const entry of reservations) {
    if (entry.who === 'blocks') {
      const pages = entry.order === 0 && entry.stride === PAGE && entry.first % 32 === 0
      if (pages) writePages(buffer, entry, flush)
      else writeEach(buffer, entry, pageSize, flush)
      continue
    }
    const { start, size } = entry
    const who = entry.who === 'odd' ? `block ${entry.order}` : entry.who
    putText(buffer, `0x${start.toString(16)}-0x${(start + size).toString(16)} ${who}\n`)
    if (buffer.length >= BUFFER) flush()
  }
  if (buffer.length > 0) flush()
}

function putText(buffer: LineBuffer, text: string): void {
  for (let at = 0; at < text.length; at++) buffer.bytes[buffer.length++] = text.charCodeAt(at)
}

/** Pages whose addresses differ in three digits alone: 16 MiB of 4K. */
const WINDOW = 4096
const WINDOW_WORDS = WINDOW / 32
const PAGE = 4096
/** Fewer lines than this are not worth a template. */
const FEW = 16

/** Pages of 4K, a window at a time: lines are copied from one another, and only the digits that differ are written. */
function writePages(buffer: LineBuffer, { first, words }: Bits, flush: () => void): void {
  for (let at = 0; at < words.length; ) {
    const page = first + at * 32
    const window = Math.floor(page / WINDOW)
    const end = Math.min(words.length, at + WINDOW_WORDS - (page % WINDOW) / 32)
    const piece = words.subarray(at, end)
    const count = countBits(piece)
    if (count < FEW || window === 0)
      writeEach(buffer, { order: 0, first: page, words: piece, stride: PAGE }, PAGE, flush)
    else writeWindow(buffer, page, piece, count, flush)
    at = end
  }
}

function writeWindow(
  buffer: LineBuffer,
  page: number,
  words: Uint32Array,
  count: number,
  flush: () => void,
): void {
  const high = `0x${Math.floor(page / WINDOW).toString(16)}`
  const line = bytesOf(`${high}000000-${high}000000 block 0\n`)
  const { length } = line
  if (buffer.length + count * length > BUFFER) flush()
  const { bytes } = buffer
  const from = buffer.length
  const to = from + count * length
  bytes.set(line, from)
  for (let done = length; done < count * length; done *= 2) {
    bytes.copyWithin(from + done, from, Math.min(from + done, to - done))
  }
  let digits = from + high.length
  const gap = high.length + 7
  let last = false
  for (let n = 0; n < words.length; n++) {
    const base = (page % WINDOW) + n * 32
    for (let word = words[n] as number; word !== 0; word &= word - 1) {
      const index = base + 31 - Math.clz32(word & -word)
      if (index === WINDOW - 1) {
        last = true
        break
      }
      const start = index * 3
      bytes[digits] = DIGITS[start] as number
      bytes[digits + 1] = DIGITS[start + 1] as number
      bytes[digits + 2] = DIGITS[start + 2] as number
      bytes[digits + gap] = DIGITS[start + 3] as number
      bytes[digits + gap + 1] = DIGITS[start + 4] as number
      bytes[digits + gap + 2] = DIGITS[start + 5] as number
      digits += length
    }
  }
  buffer.length = to
  if (!last) return
  // The last page ends in the next window, whose digits may be more.
  buffer.length -= length
  const address = (Math.floor(page / WINDOW) * WINDOW + WINDOW - 1) * PAGE
  putText(buffer, `0x${address.toString(16)}-0x${(address + PAGE).toString(16)} block 0\n`)
}

type Bits = Pick<Reservations & { who: 'blocks' }, 'order' | 'first' | 'words' | 'stride'>

function writeEach(
  buffer: LineBuffer,
  { order, first, words, stride }: Bits,
  pageSize: number,
  flush: () => void,
): void {
  const size = pageSize * 2 ** order
  const who = bytesOf(` block ${order}\n`)
  for (let bit = nextSet(words, 0); bit < words.length * 32; bit = nextSet(words, bit + 1)) {
    const start = (first + bit) * stride
    putAddress(buffer, start)
    buffer.bytes[buffer.length++] = MINUS
    putAddress(buffer, start + size)
    for (let at = 0; at < who.length; at++) buffer.bytes[buffer.length++] = who[at] as number
    if (buffer.length >= BUFFER) flush()
  }
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, character => character.charCodeAt(0))
}

let cachedHigh = -1
let cachedDigits: Uint8Array = new Uint8Array(0)

/** `0x` and the digits above the low six; what was asked for last is kept. */
function highDigits(high: number): Uint8Array {
  if (high !== cachedHigh) {
    cachedHigh = high
    cachedDigits = bytesOf(`0x${high.toString(16)}`)
  }
  return cachedDigits
}

function putAddress(buffer: LineBuffer, address: number): void {
  const high = Math.floor(address / LOW)
  if (high === 0) {
    putText(buffer, `0x${address.toString(16)}`)
    return
  }
  const { bytes } = buffer
  const prefix = highDigits(high)
  let at = buffer.length
  for (let n = 0; n < prefix.length; n++) bytes[at++] = prefix[n] as number
  const low = address - high * LOW
  const upper = (low >>> 12) * 3
  const lower = (low & 4095) * 3
  bytes[at] = DIGITS[upper] as number
  bytes[at + 1] = DIGITS[upper + 1] as number
  bytes[at + 2] = DIGITS[upper + 2] as number
  bytes[at + 3] = DIGITS[lower] as number
  bytes[at + 4] = DIGITS[lower + 1] as number
  bytes[at + 5] = DIGITS[lower + 2] as number
  buffer.length = at + 6
}
