import { KhoError } from '../error.js'

/**
 * Decompresses raw snappy data (google/snappy, format_description.txt). Input that is none is an error; nothing outside
 * `input` is read and nothing outside `output` written. Own code, because snappyjs 0.7.0 does not return from
 * a literal whose four-byte length is negative as an int32, takes references beyond the input for zeros, and
 * cannot stop after the first bytes.
 *
 * @param partial stop without an error where `output` is full; else it must hold all that comes.
 * @returns bytes written, from the start of `output`.
 * @throws KhoError `unreadable` for damaged data.
 */
export function snappyDecompress(input: Uint8Array, output: Uint8Array, partial = false): number {
  const { length: promised, next } = readLength(input)
  if (promised > output.length && !partial)
    throw damaged(`it promises ${promised} bytes, not ${output.length}`)
  const size = Math.min(promised, output.length)
  let ip = next
  let op = 0

  function little(bytes: number): number {
    if (ip + bytes > input.length) throw damaged('it ends in the middle of an element')
    let value = 0
    for (let i = bytes - 1; i >= 0; i--) value = value * 256 + (input[ip + i] as number)
    ip += bytes
    return value
  }

  function room(length: number): number {
    if (op + length > promised) throw damaged(`more than the promised ${promised} bytes come out`)
    return Math.min(length, size - op)
  }

  function literals(length: number): void {
    if (ip + length > input.length) throw damaged('it ends in a literal')
    const count = room(length)
    for (let i = 0; i < count; i++) output[op + i] = input[ip + i] as number
    ip += length
    op += count
  }

  /** A copy may overlap what it writes: byte by byte, a short distance repeats a pattern. */
  function copy(distance: number, length: number): void {
    if (distance === 0 || distance > op)
      throw damaged(`a copy reaches ${distance} bytes back from byte ${op}`)
    const count = room(length)
    for (let i = 0; i < count; i++) output[op + i] = output[op - distance + i] as number
    op += count
  }

  while (op < size) {
    const tag = little(1)
    const kind = tag & 3
    const upper = tag >> 2
    if (kind === 0) literals(upper < 60 ? upper + 1 : little(upper - 59) + 1)
    else if (kind === 1) copy((tag >> 5) * 256 + little(1), (upper & 7) + 4)
    else copy(little(kind === 2 ? 2 : 4), upper + 1)
  }
  if (size === promised && ip < input.length) throw damaged(`${input.length - ip} bytes follow its end`)
  return op
}

/** The length of the contents: a varint of at most 32 bits. */
function readLength(input: Uint8Array): { length: number; next: number } {
  let length = 0
  for (let i = 0; i < 5; i++) {
    const byte = input[i]
    if (byte === undefined) throw damaged('it ends in its length')
    length += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80 && length < 2 ** 32) return { length, next: i + 1 }
  }
  throw damaged('its length is no 32-bit number')
}

function damaged(what: string): KhoError {
  return new KhoError('unreadable', `damaged snappy data: ${what}`)
}
