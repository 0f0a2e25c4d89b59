import { constants, deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { compress, uncompress } from 'snappyjs'
import { describe, expect, it } from 'vitest'
import { inflateHead } from '../../../formats/dumps/kdump-inflate-head.js'
import { snappyDecompress } from '../../../formats/dumps/kdump-snappy.js'
import { isKhoError } from '../../../formats/error.js'
import { contentOf } from './kdump-build.js'

const text = new TextEncoder().encode(
  Array.from({ length: 200 }, (_, i) => `page ${i} of the guest\n`).join(''),
)
const pages = [
  contentOf('zero', undefined, 4096),
  contentOf('count', undefined, 4096),
  contentOf('random', '5', 4096),
  text.slice(0, 4096),
]

/** Bytes with matches of all kinds: pieces of earlier bytes among new ones. */
const repetitive = fc
  .array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.nat(40), fc.nat(300)), { maxLength: 60 })
  .map(pieces => {
    const bytes: number[] = []
    for (const [fresh, length, back] of pieces) {
      bytes.push(...fresh)
      for (let i = 0; i < length; i++) bytes.push(bytes[Math.max(0, bytes.length - 1 - back)]!)
    }
    return Uint8Array.from(bytes)
  })

const damagedOf = (good: readonly Uint8Array[]) =>
  fc
    .tuple(fc.constantFrom(...good), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat())
    .map(([bytes, edits, cut]) => {
      const copy = bytes.slice(0, bytes.length - (cut % 3 === 0 ? cut % bytes.length : 0))
      for (const [at, value] of edits) copy[at % copy.length] = value
      return copy
    })

/** Nothing but an error of ours, and nothing written outside. */
function survives(work: (output: Uint8Array) => number, size: number): void {
  const room = new Uint8Array(size + 16).fill(0x5a)
  try {
    expect(work(room.subarray(8, 8 + size))).toBeLessThanOrEqual(size)
  } catch (error) {
    expect(isKhoError(error) && error.code).toBe('unreadable')
  }
  expect([...room.subarray(0, 8), ...room.subarray(8 + size)]).toEqual(new Array(16).fill(0x5a))
}

describe('snappy', () => {
  it('reads what snappyjs writes', () => {
    fc.assert(
      fc.property(fc.oneof(repetitive, fc.constantFrom(...pages)), bytes => {
        const output = new Uint8Array(bytes.length)
        expect(snappyDecompress(compress(bytes), output)).toBe(bytes.length)
        expect(output).toEqual(bytes)
      }),
    )
  })

  it('gives the first bytes only', () => {
    for (const page of pages) {
      for (const size of [0, 1, 40, 64, 100]) {
        const head = new Uint8Array(size)
        expect(snappyDecompress(compress(page), head, true)).toBe(size)
        expect(head).toEqual(page.subarray(0, size))
      }
    }
  })

  it('reads a copy with a four-byte distance, which no writer makes for a page', () => {
    // Length 8; literal "abcd"; copy 4 from 4 back.
    const input = [8, 3 * 4, 0x61, 0x62, 0x63, 0x64, 3 * 4 + 3, 4, 0, 0, 0]
    const output = new Uint8Array(8)
    snappyDecompress(Uint8Array.from(input), output)
    expect(new TextDecoder().decode(output)).toBe('abcdabcd')
    expect(uncompress(Uint8Array.from(input))).toEqual(output)
  })

  it.each<[string, number[], RegExp]>([
    ['no length', [], /ends in its length/],
    ['a length of 35 bits', [0xff, 0xff, 0xff, 0xff, 0x7f], /no 32-bit/],
    ['another length', [9, 0], /promises 9 bytes, not 8/],
    ['a literal beyond the input', [8, 7 * 4, 1, 2], /in a literal/],
    // snappyjs 0.7.0 takes this length for -5 and reads the same tag for ever.
    ['a literal of 4 GiB', [8, 0xfc, 0xfa, 0xff, 0xff, 0xff, 0], /in a literal/],
    ['a copy before the start', [8, 0, 1, 1, 9], /9 bytes back/],
    ['a copy of distance 0', [8, 0, 1, 1, 0], /0 bytes back/],
    ['a tag without its bytes', [8, 0, 1, 2, 9], /in the middle/],
    ['too much', [8, 9 * 4, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], /more than the promised/],
    ['bytes behind the end', [1, 0, 1, 0], /1 bytes follow/],
  ])('refuses %s', (_, input, message) => {
    expect(() => snappyDecompress(Uint8Array.from(input), new Uint8Array(8))).toThrow(message)
  })

  it('survives any damage', () => {
    const any = fc.oneof(fc.uint8Array({ maxLength: 60 }), damagedOf(pages.map(compress)))
    fc.assert(
      fc.property(any, fc.nat(4100), fc.boolean(), (input, size, partial) => {
        survives(output => snappyDecompress(input, output, partial), size)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('the first bytes of zlib data', () => {
  const { Z_FIXED, Z_DEFAULT_STRATEGY, Z_HUFFMAN_ONLY, Z_RLE } = constants

  it.each([
    ['stored', { level: 0 }],
    ['fixed codes', { strategy: Z_FIXED }],
    ['dynamic codes', { strategy: Z_DEFAULT_STRATEGY, level: 9 }],
    ['no matches', { strategy: Z_HUFFMAN_ONLY }],
    ['runs', { strategy: Z_RLE }],
  ])('are what zlib itself gives: %s', (_, options) => {
    fc.assert(
      fc.property(fc.oneof(repetitive, fc.constantFrom(...pages)), fc.nat(5000), (bytes, size) => {
        const output = new Uint8Array(size)
        const count = Math.min(size, bytes.length)
        expect(inflateHead(deflateSync(bytes, options), output)).toBe(count)
        expect(output.subarray(0, count)).toEqual(bytes.subarray(0, count))
      }),
    )
  })

  it.each<[string, number[], RegExp]>([
    ['nothing', [], /cut short/],
    ['no zlib header', [0x78, 0x02, 0], /no zlib header/],
    ['a block of type 3', [0x78, 0x9c, 7], /type 3/],
    ['a stored block of no length', [0x78, 0x9c, 1, 5, 0, 5, 0], /no length/],
    ['a stored block beyond the input', [0x78, 0x9c, 1, 5, 0, 0xfa, 0xff, 1], /cut short/],
    // Fixed codes: the first symbol is a match.
    ['a match before the start', [0x78, 0x9c, 0x03, 0x02, 0, 0], /bytes back/],
  ])('refuse %s', (_, input, message) => {
    expect(() => inflateHead(Uint8Array.from(input), new Uint8Array(8))).toThrow(message)
  })

  it('survive any damage', () => {
    const good = pages.flatMap(page => [deflateSync(page), deflateSync(page, { strategy: Z_FIXED })])
    const any = fc.oneof(
      fc.uint8Array({ maxLength: 60 }).map(bytes => Uint8Array.from([0x78, 0x9c, ...bytes])),
      damagedOf(good.map(bytes => new Uint8Array(bytes))),
    )
    fc.assert(
      fc.property(any, fc.nat(4100), (input, size) => survives(output => inflateHead(input, output), size)),
      { numRuns: 2000 },
    )
  })
})
