import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isKhoError } from '../../../formats/error.js'
import {
  appendPath,
  elementSegments,
  encodeSegment,
  findElement,
  isAddressText,
  joinPath,
  parsePath,
  type Segment,
} from '../../../formats/layout/index.js'

const name = fc
  .array(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 12 })
  .map(bytes => String.fromCharCode(...bytes))
const segment: fc.Arbitrary<Segment> = fc.oneof(
  name,
  fc.nat(),
  fc.constantFrom('#0', '%41', '0x10', '/', '.', '\0'),
)

function refusal(text: string): string {
  try {
    parsePath(text)
  } catch (error) {
    if (isKhoError(error) && error.code === 'usage') return error.message
    throw error
  }
  return 'taken'
}

describe('encodeSegment', () => {
  it.each<[Segment, string]>([
    ['vm-a', 'vm-a'],
    ['kexec-metadata', 'kexec-metadata'],
    [0, '#0'],
    [12, '#12'],
    ['a/b', 'a%2Fb'],
    ['#1', '%231'],
    ['100%', '100%25'],
    ['two words', 'two%20words'],
    ['\x7f\xc3\xa9\0', '%7F%C3%A9%00'],
    ['!~', '!~'],
  ])('%j is written %s', (value, text) => expect(encodeSegment(value)).toBe(text))

  it('refuses what no path can say', () => {
    expect(() => encodeSegment('')).toThrow('no empty names')
    expect(() => encodeSegment(-1)).toThrow('no element number')
    expect(() => encodeSegment(1.5)).toThrow('no element number')
    expect(() => encodeSegment('\u0101')).toThrow('U+0101')
  })
})

describe('parsePath', () => {
  it('reads the examples of the contract', () => {
    expect(parsePath('tracker/nodes/0x630000')).toEqual(['tracker', 'nodes', '0x630000'])
    expect(parsePath('scratch/#1')).toEqual(['scratch', 1])
    expect(parsePath('luo/sessions/vm-a/files/2/folios/3')).toEqual([
      'luo',
      'sessions',
      'vm-a',
      'files',
      '2',
      'folios',
      '3',
    ])
    expect(parsePath('luo/flbs/#0')).toEqual(['luo', 'flbs', 0])
    expect(parsePath('/blobs/LUO')).toEqual(['blobs', 'LUO'])
    expect(parsePath('/')).toEqual([])
  })

  it('takes lower-case escapes, and unescaped text that cannot be mistaken', () => {
    expect(parsePath('luo/sessions/a%2fb')).toEqual(['luo', 'sessions', 'a/b'])
    expect(parsePath('luo/sessions/my vm é')).toEqual(['luo', 'sessions', 'my vm \xc3\xa9'])
  })

  it.each([
    ['', 'an empty path'],
    ['luo//x', "'luo//x' has an empty segment"],
    ['luo/', "'luo/' has an empty segment"],
    ['//', "'//' has an empty segment"],
    ['a/#', "'#' in 'a/#' is no element number"],
    ['a/#01', "'#01' in 'a/#01' is no element number"],
    ['a/#-1', "'#-1' in 'a/#-1' is no element number"],
    ['a/#9007199254740993', "'#9007199254740993' in 'a/#9007199254740993' is no element number"],
    ['a/b#c', "'b#c' in 'a/b#c' is no element number"],
    ['a/%', "'%' in 'a/%' has a % that is no %XX"],
    ['a/%4', "'%4' in 'a/%4' has a % that is no %XX"],
    ['a/%4g', "'%4g' in 'a/%4g' has a % that is no %XX"],
    ['0x1000', "'0x1000' is an address, not a path"],
  ])('refuses %j', (text, message) => expect(refusal(text)).toBe(message))

  it('gives back what joinPath wrote', () => {
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 6 }), segments => {
        const text = joinPath(segments)
        expect(text).toMatch(/^[\x21-\x7e]+$/)
        expect(isAddressText(text)).toBe(false)
        expect(parsePath(text)).toEqual(segments)
      }),
    )
  })

  it('reads any text or refuses it, and what it reads has one canonical form', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'grapheme' })), text => {
        if (refusal(text) !== 'taken') return
        const segments = parsePath(text)
        expect(parsePath(joinPath(segments))).toEqual(segments)
      }),
    )
  })

  it('joins below a written path', () => {
    expect(appendPath('luo/sessions', 'a b', 3)).toBe('luo/sessions/a%20b/#3')
  })
})

describe('elements of lists', () => {
  it('names an element by its number where its key does not', () => {
    expect(elementSegments(['a', '', 'b', 'a', null, 'c'])).toEqual([0, 1, 'b', 3, 4, 'c'])
  })

  it('finds by number, and by a key that is alone', () => {
    const keys = ['a', '', 'b', 'a', null]
    expect(findElement(keys, 'b')).toBe(2)
    expect(findElement(keys, 'a')).toBe(-1)
    expect(findElement(keys, 'x')).toBe(-1)
    expect(findElement(keys, 3)).toBe(3)
    expect(findElement(keys, 5)).toBe(-1)
  })

  it('finds every element by the segment it was given', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom('a', 'b', ''), name, fc.constant(null))), keys => {
        const found = elementSegments(keys).map(it => findElement(keys, it))
        expect(found).toEqual(keys.map((_, n) => n))
      }),
    )
  })
})
