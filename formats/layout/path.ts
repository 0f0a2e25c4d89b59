import { KhoError } from '../error.js'
import { byteString, stringBytes } from './byte-string.js'

/**
 * One step of a path: a field's name or an element's key (a byte string, never empty), or the number of an element
 * in its list, from 0.
 */
export type Segment = string | number

/** What is written as it is: bytes 0x21 to 0x7e, but for `#`, `%` and `/`. */
const PLAIN = /^[!"$&-.0-~]*$/

/** A segment as it is written: `#N` for a number; else bytes outside 0x21 to 0x7e, `/`, `#` and `%` as `%XX`. */
export function encodeSegment(segment: Segment): string {
  if (typeof segment === 'number') {
    if (!Number.isSafeInteger(segment) || segment < 0) {
      throw new KhoError('usage', `${segment} is no element number`)
    }
    return `#${segment}`
  }
  if (segment === '') throw new KhoError('usage', 'a path has no empty names: use the element number')
  if (PLAIN.test(segment)) return segment
  let text = ''
  for (const byte of stringBytes(segment)) {
    const plain = byte > 0x20 && byte < 0x7f && byte !== 0x2f && byte !== 0x23 && byte !== 0x25
    text += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return text
}

/** A path as it is written. `/` for no segments; with a leading `/` where it would else be taken for an address. */
export function joinPath(segments: readonly Segment[]): string {
  const text = segments.map(encodeSegment).join('/')
  return text === '' || isAddressText(text) ? `/${text}` : text
}

/** A written path, and segments below it. */
export function appendPath(base: string, ...segments: readonly Segment[]): string {
  let path = base
  for (const segment of segments) path += `/${encodeSegment(segment)}`
  return path
}

/** True for an argument that is an address, not a path: it begins with a digit. */
export function isAddressText(text: string): boolean {
  return /^[0-9]/.test(text)
}

/**
 * Reads a path. A leading `/` is allowed. Characters that would be percent-encoded on output are taken as they
 * are where they cannot be mistaken; those above U+007F as UTF-8. Throws `usage`, with what is wrong.
 */
export function parsePath(text: string): Segment[] {
  if (text === '/') return []
  if (text === '') throw new KhoError('usage', 'an empty path')
  if (isAddressText(text)) {
    throw new KhoError('usage', `'${text}' is an address, not a path`, {
      hint: `for a path write '/${text}'`,
    })
  }
  const body = text.startsWith('/') ? text.slice(1) : text
  return body.split('/').map(part => parseSegment(part, text))
}

function parseSegment(part: string, path: string): Segment {
  if (part === '')
    throw new KhoError('usage', `'${path}' has an empty segment`, { hint: 'write #N for the Nth element' })
  if (part.includes('#')) {
    const digits = /^#(0|[1-9][0-9]*)$/.exec(part)?.[1]
    const index = Number(digits)
    if (digits === undefined || !Number.isSafeInteger(index)) {
      throw new KhoError('usage', `'${part}' in '${path}' is no element number`, {
        hint: 'a # in a name is written %23',
      })
    }
    return index
  }
  return part.replace(
    /%(?:([0-9a-fA-F]{2}))?|[\u0080-\u{10ffff}]+/gu,
    (match: string, digits: string | undefined) => {
      if (!match.startsWith('%')) return byteString(new TextEncoder().encode(match))
      if (digits !== undefined) return String.fromCharCode(Number.parseInt(digits, 16))
      throw new KhoError('usage', `'${part}' in '${path}' has a % that is no %XX`, {
        hint: 'a % in a name is written %25',
      })
    },
  )
}

/**
 * The segment of each element of a list: its key, or its number where it has no key, the key is empty, or other
 * elements have the same one.
 */
export function elementSegments(keys: readonly (string | null)[]): Segment[] {
  const seen = new Set<string>()
  const twice = new Set<string>()
  for (const key of keys) {
    if (key === null) continue
    if (seen.has(key)) twice.add(key)
    else seen.add(key)
  }
  return keys.map((key, index) => (key === null || key === '' || twice.has(key) ? index : key))
}

/** The element that a segment names in a list with these keys, or -1. A number names any element, a key one that is alone. */
export function findElement(keys: readonly (string | null)[], segment: Segment): number {
  if (typeof segment === 'number') return segment < keys.length ? segment : -1
  const index = keys.indexOf(segment)
  return index >= 0 && keys.indexOf(segment, index + 1) < 0 ? index : -1
}
