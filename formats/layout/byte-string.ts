import { KhoError } from '../error.js'

/**
 * A byte string: one character, U+0000 to U+00FF, for each byte. Names in KHO structures are bytes that nobody
 * promises to be UTF-8; in this form they can be compared, sorted and printed without loss.
 */
export function byteString(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

/** The byte string up to the first NUL, or all of `bytes` where there is none. */
export function terminatedString(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return byteString(end < 0 ? bytes : bytes.subarray(0, end))
}

/**
 * The same of `size` bytes at an offset. `last` itself where those spell it: a list that names one handler a hundred thousand
 * times has one string for it.
 */
export function terminatedStringAt(bytes: Uint8Array, at: number, size: number, last: string): string {
  const { length } = last
  let same = 0
  while (same < length && bytes[at + same] === last.charCodeAt(same)) same++
  const ends = same === length && (length === size || (length < size && bytes[at + length] === 0))
  return ends ? last : terminatedString(bytes.subarray(at, at + size))
}

/** The bytes of a byte string. Throws `usage` for a character above U+00FF. */
export function stringBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code > 0xff)
      throw new KhoError('usage', `${JSON.stringify(text)} is no byte string: it has U+${hex4(code)}`)
    bytes[index] = code
  }
  return bytes
}

function hex4(code: number): string {
  return code.toString(16).toUpperCase().padStart(4, '0')
}
