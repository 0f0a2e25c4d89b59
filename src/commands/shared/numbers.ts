import { KhoError } from '../../../formats/error.js'
import { ADDRESS_LIMIT } from '../../../formats/memory/geometry.js'
import type { Place, Range } from '../../../formats/memory/range.js'

/** One piece of a raw file: `length` bytes at file offset `offset` are the memory at `phys`. */
export interface MapPiece {
  phys: number
  offset: number
  length: number
}

const SUFFIX: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 }

/** A physical address: decimal, with K M G T, or `0x…`. Throws `usage` on anything else. */
export function parseAddress(text: string): number {
  return parseNumber(text, 'address', '0x60d000')
}

/** A size in bytes, at least 1: decimal, with K M G T, or `0x…`. Throws `usage` on anything else. */
export function parseSize(text: string): number {
  const size = parseNumber(text, 'size', '512M')
  if (size === 0) throw bad(text, 'size', '512M', 'it is zero')
  return size
}

/** `START-END`, END exclusive. */
export function parseRange(text: string): Range {
  const parts = text.split('-')
  if (parts.length !== 2) throw bad(text, 'range', '0x100000-1G')
  const start = parseAddress(parts[0] as string)
  const end = parseEnd(parts[1] as string)
  if (end <= start) throw bad(text, 'range', '0x100000-1G', 'its end is not after its start')
  return { start, end }
}

/** `ADDR+LENGTH`. */
export function parseExtent(text: string): Place {
  const parts = text.split('+')
  if (parts.length !== 2) throw bad(text, 'extent', '0x60e000+4K')
  return { address: parseAddress(parts[0] as string), size: parseSize(parts[1] as string) }
}

/** `ADDR+LENGTH` of a scratch array, which a record may say has no bytes: kernels are told so, and answer. */
export function parseScratch(text: string): Place {
  const match = /^([^+]+)\+0(?:x0+)?$/.exec(text)
  return match === null ? parseExtent(text) : { address: parseAddress(match[1] as string), size: 0 }
}

/** `PHYS=OFFSET+LENGTH`. */
export function parseMap(text: string): MapPiece {
  const parts = text.split('=')
  if (parts.length !== 2) throw bad(text, 'map', '4G=2G+2G')
  const { address: offset, size: length } = parseExtent(parts[1] as string)
  return { phys: parseAddress(parts[0] as string), offset, length }
}

/** The address behind the last byte of a range: one more than any address can be. */
function parseEnd(text: string): number {
  const end = readNumber(text, 'address', '0x60d000')
  if (end > ADDRESS_LIMIT) throw bad(text, 'address', '0x60d000', 'it is more than 2^52')
  return end
}

function parseNumber(text: string, what: string, example: string): number {
  const value = readNumber(text, what, example)
  if (value >= ADDRESS_LIMIT) throw bad(text, what, example, 'it is 2^52 or more')
  return value
}

function readNumber(text: string, what: string, example: string): number {
  if (/^0x[0-9a-fA-F]+$/.test(text)) return Number(text)
  const match = /^([0-9]+)([KMGT]?)$/.exec(text)
  if (match === null) throw bad(text, what, example, severalIn(text, what))
  return Number(match[1]) * (SUFFIX[match[2] as string] as number)
}

/** What else a text may be that is no single number. */
function severalIn(text: string, what: string): string {
  if (what !== 'address') return ''
  if (/^\w+-\w+$/.test(text) && /^\d/.test(text)) return 'it is a range, and one address is meant here'
  return /^\d\w*\+\w+$/.test(text) ? 'it is an extent, and one address is meant here' : ''
}

function bad(text: string, what: string, example: string, why = ''): KhoError {
  const reason = why === '' ? '' : `: ${why}`
  return new KhoError('usage', `'${text}' is no ${what}${reason}; write it like ${example}`)
}
