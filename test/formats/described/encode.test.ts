import { describe, expect, it } from 'vitest'
import {
  compileLayout,
  type DescribedValue,
  encodeDescribed,
  type LayoutFile,
} from '../../../formats/described/index.js'
import { geometry } from '../../../formats/memory/geometry.js'
import { createMemoryBuilder } from '../../../formats/memory/memory-builder.js'

const GEOMETRY = geometry(12)
type Fields = LayoutFile['structs'][string]['fields']

/** What is written for a structure `own` of these fields: its bytes, and pages in the order in which they were taken. */
function written(fields: Fields, value: DescribedValue, more: LayoutFile['structs'] = {}) {
  const all = compileLayout({ structs: { own: { fields }, ...more } })
  const memory = createMemoryBuilder({ geometry: GEOMETRY, ram: [{ start: 0x100000, end: 0x8000000 }] })
  const taken: { address: number; bytes: Uint8Array }[] = []
  const filled: unknown[] = []
  const { address, size } = encodeDescribed(
    {
      geometry: GEOMETRY,
      allocator: {
        allocate(pages) {
          const made = memory.allocate(pages)
          taken.push(made)
          return made
        },
      },
      fill: (bytes, contents) => {
        filled.push([bytes.length, contents])
        bytes.fill(0xee)
      },
    },
    all.structs.get('own')!,
    value,
  )
  const own = taken.find(page => page.address === address)!
  const bytes = own.bytes.subarray(0, size)
  return { bytes, size, taken, filled, address, hex: Buffer.from(bytes).toString('hex') }
}

const number = (type: string, given: unknown, more: object = {}) =>
  written({ x: { at: 0, type, ...more } }, { x: given }).hex

const ENTRY = { entry: { fields: { a: { at: 0, type: 'u16' }, b: { at: 2, type: 'u16' } } } } as const
const word = (bytes: Uint8Array, at: number) =>
  Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at, true))

describe('numbers', () => {
  it.each([
    ['u8', 0, 255],
    ['u16', 0, 65_535],
    ['u32', 0, 2 ** 32 - 1],
    ['u64', 0n, 2n ** 64n - 1n],
    ['addr', 0, 2 ** 52 - 1],
    ['s8', -128, 127],
    ['s16', -32_768, 32_767],
    ['s32', -(2 ** 31), 2 ** 31 - 1],
    ['s64', -(2n ** 63n), 2n ** 63n - 1n],
  ] as const)('of %s go from %s to %s', (type, least, most) => {
    for (const value of [least, most]) {
      const hex = number(type, value)
      const back = BigInt(`0x${Buffer.from(hex, 'hex').reverse().toString('hex')}`)
      expect(back).toBe(BigInt.asUintN(hex.length * 4, BigInt(value)))
    }
    expect(() => number(type, BigInt(least) - 1n)).toThrow(/^x: -\d+ has no room in \d+ bits$/)
    if (type !== 'addr') expect(() => number(type, BigInt(most) + 1n)).toThrow(/^x: \d+ has no room in/)
  })

  it('are written as text too, in two forms', () => {
    expect(['0x18', '0xAb', '12', '-0'].map(text => number('u8', text))).toEqual(['18', 'ab', '0c', '00'])
    expect([number('s8', '-5'), number('u64', '18446744073709551615')]).toEqual(['fb', 'f'.repeat(16)])
    expect(number('u64', `0x${'f'.repeat(16)}`)).toBe('f'.repeat(16))
    for (const odd of [
      '',
      'x',
      '0x',
      '0x1g',
      `0x1${'0'.repeat(16)}`,
      '1'.repeat(21),
      ' 1',
      '1 ',
      '-0x1',
      '+1',
      'a0x1',
    ])
      expect(() => number('u64', odd), odd).toThrow(`x: ${JSON.stringify(odd)} is no number`)
    for (const odd of [1.5, 2 ** 53, true, Number.NaN])
      expect(() => number('u64', odd)).toThrow('is no number')
    // A key without a value, as YAML has it.
    expect(number('u64', null)).toBe('0'.repeat(16))
    expect(() => number('u64', {})).toThrow('x: a list or a mapping is no number')
  })

  it('are made of their parts by name', () => {
    const bits = { bits: { low: [0, 3], high: [5, 2], top: [7, 1] } } as const
    expect(number('u8', { low: 5, high: 3 }, bits)).toBe('65')
    expect(number('u8', { high: '0x1', top: 1n }, bits)).toBe('a0')
    expect(number('u8', {}, bits)).toBe('00')
    expect(number('u8', 0x42, bits)).toBe('42')
    expect(() => number('u8', { low: 8 }, bits)).toThrow('x: 8 has no room in 3 bits of low')
    expect(() => number('u8', { high: -1 }, bits)).toThrow('x: -1 has no room in 2 bits of high')
    expect(() => number('u8', { none: 0 }, bits)).toThrow('x has no bits "none"')
    expect(() => number('u8', { low: { low: 1 } }, bits)).toThrow('x: a list or a mapping is no number')
  })

  it('that are left out are 0, or the first that their reader takes', () => {
    const fields = { x: { at: 0, type: 'u16' }, y: { at: 2, type: 'u16', is: [3, 2] } } as const
    expect(written(fields, {}).hex).toBe('00000300')
    expect(written(fields, { y: 2, x: 1 }).hex).toBe('01000200')
  })
})

describe('text and bytes', () => {
  it('are what was given, and zeros behind it', () => {
    expect(number('chars[4]', 'ab')).toBe('61620000')
    expect(number('chars[4]', undefined)).toBe('00000000')
    expect(number('bytes[3]', undefined)).toBe('000000')
    expect(number('bytes[2]', '0aFf')).toBe('0aff')
    expect(number('bytes[2]', Uint8Array.of(1, 2))).toBe('0102')
    for (const odd of [1, null, [], Uint8Array.of(1)])
      expect(() => number('chars[4]', odd)).toThrow(/ is no chars$/)
    for (const odd of ['0', '0g', 'a0 ', 7, null])
      expect(() => number('bytes[2]', odd)).toThrow(/ is no bytes$/)
  })
})

describe('structures', () => {
  it('take their own fields only, and their own form', () => {
    const fields = { x: { at: 0, type: 'u8' }, y: { at: 1, type: 'entry' } } as const
    const make = (value: DescribedValue) => written(fields, value, ENTRY).hex
    expect(make({ x: 1, y: { b: 2 } })).toBe('0100000200')
    expect(make({})).toBe('0000000000')
    expect(() => make({ z: 1 })).toThrow('struct own has no field "z"; it has x, y')
    expect(() => make({ y: { c: 1 } })).toThrow('struct entry has no field "c"; it has a, b')
    for (const odd of [5, null, 'text', [1]])
      expect(() => make({ y: odd })).toThrow('is no structure: write its fields by name')
  })

  it('have what follows them, and count it', () => {
    const fields = {
      pad: { at: 0, type: 'u16' },
      n: { at: 2, type: 'u8', to: { tail: 'entry' } },
      end: { at: 3, type: 'u8' },
    } as const
    const { hex, size } = written(fields, { n: [{ a: 1 }, { b: 2 }], end: 0xff }, ENTRY)
    expect([hex, size]).toEqual(['000002ff' + '01000000' + '00000200', 12])
    expect(written(fields, {}, ENTRY).hex).toBe('00000000')
    expect(written(fields, { n: { a: 7 } }, ENTRY).hex).toBe('00000100' + '07000000')
  })

  it('are preserved in a power of two of pages', () => {
    const pages = (size: number) => {
      const { taken } = written({ x: { at: 0, type: `bytes[${size}]` } }, {})
      return taken.map(({ bytes }) => bytes.length / 4096)
    }
    expect([1, 4096, 4097, 8192, 8193, 16384, 16385].map(pages)).toEqual([[1], [1], [2], [2], [4], [4], [8]])
  })

  it('lead to others, or to nothing', () => {
    const fields = { next: { at: 0, type: 'addr', to: { struct: 'entry' } } } as const
    const one = written(fields, { next: { a: 3 } }, ENTRY)
    const inner = one.taken.find(({ address }) => address === word(one.bytes, 0))!
    expect(Buffer.from(inner.bytes.subarray(0, 4)).toString('hex')).toBe('03000000')
    expect([one.taken.length, written(fields, {}, ENTRY).hex]).toEqual([2, '0'.repeat(16)])
    expect(written(fields, { next: [] }, ENTRY).taken).toHaveLength(1)
  })
})

describe('chains', () => {
  const chain = (to: object, count: number, size = 4) => {
    const fields = { list: { at: 0, type: 'addr', to } } as Fields
    const entries = Array.from({ length: count }, (_, n) => ({ a: n + 1 }))
    const own = written(
      fields,
      { list: entries },
      {
        entry: { fields: { a: { at: 0, type: 'u16' }, z: { at: 2, type: `bytes[${size - 2}]` } } },
      },
    )
    const parts: { count: number; first: number; last: number; pages: number }[] = []
    for (let at = word(own.bytes, 0); at !== 0; ) {
      const { bytes } = own.taken.find(({ address }) => address === at)!
      const held = word(bytes, 8)
      const value = (n: number) => bytes[16 + n * size]! + bytes[17 + n * size]! * 256
      parts.push({ count: held, first: value(0), last: value(held - 1), pages: bytes.length / 4096 })
      at = word(bytes, 0)
    }
    return parts
  }

  it('have as many entries in a block as a page has room for, each in a block of its own behind', () => {
    const room = (4096 - 16) / 4
    const full = { count: room, first: 1, last: room, pages: 1 }
    expect(chain({ blocks: 'entry' }, 0)).toEqual([])
    expect(chain({ blocks: 'entry' }, 3)).toEqual([{ count: 3, first: 1, last: 3, pages: 1 }])
    expect(chain({ blocks: 'entry' }, room)).toEqual([full])
    expect(chain({ blocks: 'entry' }, room + 1)).toEqual([
      full,
      { count: 1, first: room + 1, last: room + 1, pages: 1 },
    ])
    expect(chain({ blocks: 'entry' }, 2, 4080)).toHaveLength(2)
    expect(() => chain({ blocks: 'entry' }, 1, 4081)).toThrow('an entry of 4081 bytes has no room in a block')
  })

  it('of one part have all in it, in as many pages as that takes', () => {
    expect(chain({ chain: 'entry' }, 0)).toEqual([])
    const most = (4096 - 16) / 4
    expect(chain({ chain: 'entry' }, most).map(({ pages }) => pages)).toEqual([1])
    expect(chain({ chain: 'entry' }, most + 1)).toEqual([
      { count: most + 1, first: 1, last: most + 1, pages: 2 },
    ])
  })
})

describe('memory', () => {
  const fields = { at: { at: 0, type: 'addr', to: { pages: 'block' } } } as const

  it('is so many pages, with contents where they are given', () => {
    expect(written(fields, {}).hex).toBe('0'.repeat(16))
    for (const [given, pages] of [
      [1, 1],
      [4, 4],
      [{ pages: 2 }, 2],
      [{}, 1],
    ] as const) {
      const { taken, bytes, filled } = written(fields, { at: given })
      const memory = taken.find(({ address }) => address === word(bytes, 0))!
      expect([memory.bytes.length / 4096, memory.bytes[0], filled]).toEqual([pages, 0, []])
    }
    const { filled, taken, bytes } = written(fields, { at: { pages: 2, contents: 'x' } })
    expect(filled).toEqual([[8192, 'x']])
    expect(taken.find(({ address }) => address === word(bytes, 0))!.bytes[8191]).toBe(0xee)
    for (const odd of [0, 3, 1.5, -2, '2', null, { pages: '1' }, { pages: 0.5 }])
      expect(() => written(fields, { at: odd })).toThrow('a number of pages that is a power of two')
  })

  it('of a folio is where its bits say, beside the other bits', () => {
    const bits = { pfn: [0, 52], dirty: [52, 1] } as const
    const folio = { x: { at: 0, type: 'u64', bits, to: { folio: 'pfn' } } } as const
    const { bytes, taken, filled } = written(folio, { x: { pages: 2, contents: 1, dirty: 1 } })
    const memory = taken.find(page => page.bytes.length === 8192)!
    const whole = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)
    expect(whole).toBe((1n << 52n) | BigInt(memory.address / 4096))
    expect(filled).toEqual([[8192, 1]])
    expect(written(folio, { x: {} }).taken.map(page => page.bytes.length)).toContain(4096)
    expect(written(folio, { x: 5n }).hex).toBe('05'.padEnd(16, '0'))
    expect(written(folio, {}).hex).toBe('0'.repeat(16))
    expect(() => written(folio, { x: { odd: 1 } })).toThrow('x has no bits "odd"')
    expect(() => written(folio, { x: 'text' })).toThrow('is no number')
  })

  it('of tables is a page for each, present and writable', () => {
    const tables = { top: { at: 0, type: 'addr', to: { tables: 3 } } } as const
    const { bytes, taken } = written(tables, { top: [[], [[]]] })
    const page = (address: number) => taken.find(found => found.address === address)!.bytes
    const top = page(word(bytes, 0))
    expect([word(top, 0) % 4096, word(top, 8) % 4096, word(top, 16)]).toEqual([3, 3, 0])
    const below = page(word(top, 8) - 3)
    expect([word(below, 0) % 4096, word(below, 8)]).toEqual([3, 0])
    expect(word(page(word(top, 0) - 3), 0)).toBe(0)
    expect(taken).toHaveLength(5)
    expect(written(tables, {}).hex).toBe('0'.repeat(16))
    expect(() => written(tables, { top: 3 })).toThrow('tables are a list of the tables below the top')
    const many = (count: number) => written(tables, { top: Array.from({ length: count }, () => []) })
    expect(many(512).taken).toHaveLength(514)
    expect(() => many(513)).toThrow('a table has no room for 513 tables')
  })

  it('of an area has its entries, as structures or as bytes, and counts them', () => {
    const area = {
      list: { at: 0, type: 'kho_vmalloc', to: { vmalloc: 'entry', count: 'n' } },
      n: { at: 16, type: 'u32' },
    } as const
    const made = written(area, { list: [{ a: 1 }, { a: 2 }] }, ENTRY)
    expect([word(made.bytes, 0) > 0, made.bytes[8], made.bytes[16]]).toEqual([true, 1, 2])
    expect(
      made.taken.some(({ bytes }) =>
        Buffer.from(bytes.subarray(0, 8)).equals(Buffer.of(1, 0, 0, 0, 2, 0, 0, 0)),
      ),
    ).toBe(true)
    expect(written(area, { list: [{ a: 1 }], n: 7 }, ENTRY).bytes[16]).toBe(7)
    expect(written(area, {}, ENTRY).hex).toBe('0'.repeat(40))
    expect(written(area, { list: [] }, ENTRY).hex).toBe('0'.repeat(40))
    const plain = written(area, { list: new Uint8Array(5000).fill(9), n: 1250 }, ENTRY)
    expect([plain.bytes[8], word(plain.bytes, 16) % 2 ** 32]).toEqual([2, 1250])
    const bare = written({ x: { at: 0, type: 'kho_vmalloc' } }, {})
    expect(bare.hex).toBe('0'.repeat(32))
  })
})
