import { Parser } from 'binary-parser'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as layout from '../../../formats/layout/index.js'
import { cName, defineStruct, describeStruct, type Struct } from '../../../formats/layout/index.js'
import { parserOf } from '../../../formats/layout/parser-of.js'
import { joinBytes } from '../../../formats/memory/join-bytes.js'
import { sha256 } from '../../material.js'

const INNER = defineStruct('inner', {
  since: '1',
  source: 'inner.h',
  fields: [
    { name: 'first', type: 'addr', offset: 0, doc: 'an address' },
    { name: 'pages', type: 'u16', offset: 8, doc: 'a number', since: '2', source: 'other.h' },
  ],
})
const OUTER = defineStruct('outer', {
  since: '1',
  source: 'outer.h',
  size: 40,
  fields: [
    { name: 'tag', type: 'chars', offset: 0, length: 4, doc: 'text' },
    { name: 'flags', type: 'u8', offset: 5, doc: 'a byte, behind a gap' },
    { name: 'count', type: 'u32', offset: 6, doc: 'unaligned' },
    { name: 'inner', type: INNER, offset: 10, doc: 'nested' },
    {
      name: 'word',
      type: 'u64',
      offset: 20,
      doc: 'bits',
      bits: [
        { name: 'low', shift: 0, width: 52, doc: 'low part' },
        { name: 'high', shift: 52, width: 12, doc: 'high part' },
      ],
    },
    { name: 'rest', type: 'bytes', offset: 28, length: 3, doc: 'bytes' },
  ],
})
const value = {
  tag: 'ab',
  flags: 0x80,
  count: 0xdeadbeef,
  inner: { first: 0xf_edcb_a987_6000, pages: 0xffff },
  word: 0xabc0_0000_0000_1234n,
  rest: Uint8Array.of(1, 2, 3),
}

describe('defineStruct', () => {
  it('writes little-endian bytes at their offsets', () => {
    const bytes = OUTER.encode(value)
    expect(Buffer.from(bytes).toString('hex')).toBe(
      '61620000' +
        '00' +
        '80' +
        'efbeadde' +
        '0060' +
        '87a9cbed0f00' +
        'ffff' +
        '341200000000c0ab' +
        '010203' +
        '000000000000000000',
    )
    expect(OUTER.read(bytes)).toEqual(value)
  })

  it('leaves bytes alone that no field names', () => {
    const bytes = new Uint8Array(50).fill(0xee)
    OUTER.write(bytes, 7, value)
    expect([bytes[6], bytes[11], bytes[47]]).toEqual([0xee, 0xee, 0xee])
    expect(OUTER.read(bytes, 7)).toEqual(value)
  })

  it('reads an address of 2^52 or more as none, and gives its bytes', () => {
    const bytes = OUTER.encode({ ...value, inner: { first: 2 ** 52 - 1, pages: 0 } })
    expect(OUTER.read(bytes).inner.first).toBe(2 ** 52 - 1)
    new DataView(bytes.buffer).setBigUint64(10, 2n ** 52n, true)
    expect(OUTER.read(bytes).inner.first).toBeNull()
    expect(INNER.raw(bytes, 10, 'first')).toBe(2n ** 52n)
    expect(() => INNER.raw(bytes, 10, 'pages')).toThrow('no 8-byte field pages')
    expect(() => INNER.raw(bytes, 10, 'none' as never)).toThrow('no 8-byte field none')
    expect(() => INNER.raw(bytes, 31, 'first')).toThrow('there are 9')
    expect(OUTER.raw(joinBytes([new Uint8Array(5), bytes]), 5, 'word')).toBe(value.word)
    expect(OUTER.raw(bytes.subarray(0), 0, 'word')).toBe(value.word)
  })

  it('reads text as bytes, up to its NUL or to its end', () => {
    const bytes = OUTER.encode({ ...value, tag: '\xff\x80ab' })
    expect(OUTER.read(bytes).tag).toBe('\xff\x80ab')
    bytes[1] = 0
    expect(OUTER.read(bytes).tag).toBe('\xff')
  })

  it('refuses bytes that are too short', () => {
    expect(() => OUTER.read(new Uint8Array(39))).toThrow(
      'struct outer needs 40 bytes at offset 0, there are 39',
    )
    expect(() => OUTER.read(new Uint8Array(60), 30)).toThrow('at offset 30, there are 30')
    expect(() => OUTER.read(new Uint8Array(60), -1)).toThrow('at offset -1')
    expect(() => OUTER.write(new Uint8Array(3), 4, value)).toThrow('there are 0')
  })

  it.each([
    [{ flags: 256 }, '256 does not fit flags, u8 of 1 bytes'],
    [{ count: -1 }, '-1 does not fit count, u32'],
    [{ count: 1.5 }, '1.5 does not fit count'],
    [{ inner: { first: 2 ** 52, pages: 0 } }, 'struct inner: 4503599627370496 does not fit first, addr'],
    [{ inner: { first: null, pages: 0 } }, 'struct inner: null does not fit first'],
    [{ word: 2n ** 64n }, 'does not fit word, u64'],
    [{ word: -1n }, '-1 does not fit word, u64'],
    [{ word: 5 }, '5 does not fit word'],
    [{ count: '5' }, '5 does not fit count'],
    [{ inner: null }, 'null does not fit inner, struct inner'],
    [{ inner: 7 }, '7 does not fit inner'],
    [{ tag: 7 }, '7 does not fit tag'],
    [{ tag: 'abcde' }, 'abcde does not fit tag, chars of 4 bytes'],
    [{ tag: 'a\0b' }, 'does not fit tag'],
    [{ tag: '\u0100' }, 'no byte string'],
    [{ rest: new Uint8Array(4) }, '4 bytes does not fit rest'],
  ])('refuses to write what does not fit: %#', (change, message) => {
    expect(() => OUTER.encode({ ...value, ...change } as typeof value)).toThrow(message)
  })

  it('is as large as its fields where nothing else is said, and says where each comes from', () => {
    expect([INNER.size, OUTER.size]).toEqual([10, 40])
    expect(INNER.fields.map(({ size, since, source }) => [size, since, source])).toEqual([
      [8, '1', 'inner.h'],
      [2, '2', 'other.h'],
    ])
    const exact = defineStruct('x', {
      since: '1',
      source: 'x.h',
      size: 8,
      fields: [{ name: 'a', offset: 4, type: 'u32', doc: '' }],
    })
    expect(exact.encode({ a: 1 })).toEqual(Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0))
    expect(defineStruct('none', { since: '1', source: 'x.h', fields: [] }).size).toBe(0)
  })

  it('is read by binary-parser with its gaps, one behind the other', () => {
    const bytes = joinBytes([OUTER.encode(value), OUTER.encode({ ...value, tag: 'xyz' })])
    const both = new Parser().nest('one', { type: parserOf(OUTER) }).nest('two', { type: parserOf(OUTER) })
    expect(both.parse(bytes)).toEqual({ one: value, two: { ...value, tag: 'xyz' } })
    const address = OUTER.encode(value)
    new DataView(address.buffer).setBigUint64(10, 2n ** 52n, true)
    expect(parserOf(OUTER).parse(address)).toEqual(OUTER.read(address))
  })

  it('refuses tables that cannot be', () => {
    const field = (name: string, offset: number) => ({ name, offset, type: 'u32', doc: '' }) as const
    const spec = { since: '1', source: 'x.h' }
    expect(() => defineStruct('x', { ...spec, fields: [field('a', 0), field('b', 3)] })).toThrow(
      'field b at 3 has no room',
    )
    expect(() => defineStruct('x', { ...spec, size: 7, fields: [field('a', 4)] })).toThrow(
      'field a at 4 has no room',
    )
    expect(() =>
      defineStruct('x', { ...spec, fields: [{ name: 'c', offset: 0, type: 'chars', doc: '' }] }),
    ).toThrow('no room')
  })
})

describe('describeStruct', () => {
  it('lists leaf fields, with the parts of words', () => {
    const bytes = new Uint8Array(41)
    OUTER.write(bytes, 1, value)
    const views = describeStruct(OUTER, bytes, 1)
    expect(views.map(view => [view.name, view.offset, view.size, view.value])).toEqual([
      ['tag', 0, 4, 'ab'],
      ['flags', 5, 1, 0x80],
      ['count', 6, 4, 0xdeadbeef],
      ['inner.first', 10, 8, 0xf_edcb_a987_6000],
      ['inner.pages', 18, 2, 0xffff],
      ['word', 20, 8, 0xabc0_0000_0000_1234n],
      ['word.low', 20, 8, 0x1234n],
      ['word.high', 20, 8, 0xabcn],
      ['rest', 28, 3, Uint8Array.of(1, 2, 3)],
    ])
    expect(views[4]).toMatchObject({ source: 'other.h', type: 'u16', bits: null })
    expect(views[7]).toMatchObject({ source: 'outer.h', doc: 'high part', bits: { shift: 52, width: 12 } })
  })
})

function isStruct(item: unknown): item is Struct {
  return typeof item === 'object' && item !== null && 'fields' in item && 'encode' in item
}
const structs: Struct[] = Object.values<unknown>(layout).filter(isStruct)

/** A value that fits a field of a declared structure. */
function anyValue(struct: Struct): fc.Arbitrary<object> {
  return fc.record(
    Object.fromEntries(
      struct.fields.map(({ name, type, size }) => {
        const byte = fc.integer({ min: type === 'chars' ? 1 : 0, max: 255 })
        if (typeof type === 'object') return [name, anyValue(type)]
        if (type === 'u64') return [name, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })]
        if (type === 'addr') return [name, fc.maxSafeInteger().map(n => Math.abs(n) % 2 ** 52)]
        if (type === 'chars')
          return [name, fc.array(byte, { maxLength: size }).map(codes => String.fromCharCode(...codes))]
        if (type === 'bytes') return [name, fc.uint8Array({ minLength: size, maxLength: size })]
        return [name, fc.integer({ min: 0, max: 2 ** (8 * size) - 1 })]
      }),
    ),
  )
}

describe('the declared structures', () => {
  it.each([
    ['KHO_VMALLOC', 16],
    ['KHO_VMALLOC_CHUNK', 8],
    ['KHO_BLOCK_HEADER', 16],
    ['LUO_SER', 32],
    ['LUO_SESSION_SER', 80],
    ['LUO_FILE_SER', 64],
    ['LUO_FILE_SET_SER', 16],
    ['LUO_SESSION_HEADER_SER', 8],
    ['LUO_FLB_HEADER_SER', 16],
    ['LUO_FLB_SER', 64],
    ['MEMFD_LUO_SER_V1', 40],
    ['MEMFD_LUO_SER_V2', 48],
    ['MEMFD_LUO_FOLIO_SER', 16],
    ['KEXEC_METADATA', 73],
    ['KHO_MEM', 16],
    ['KHO_SCRATCH', 16],
    ['KHO_DATA', 32],
    ['KHO_DATA_GRAF', 48],
    ['SETUP_DATA_KHO', 48],
    ['SETUP_DATA_KHO_GRAF', 64],
    ['KHOSER_MEM_CHUNK', 16],
    ['KHOSER_MEM_BITMAP_PTR', 16],
    ['KHO_ARRAY', 16],
    ['KHO_ARRAY_PAGE', 16],
    ['KHO_ARRAY_ELEMENT', 24],
    ['RANGES_RANGE', 24],
  ])('%s has %i bytes, all of them named', (name, size) => {
    const struct: Struct = Reflect.get(layout, name)
    expect(struct.size).toBe(size)
    const named = struct.fields.reduce((sum, field) => sum + field.size, 0)
    expect(named).toBe(size)
  })

  it.each(structs.map(struct => [struct.name, struct] as const))('%s reads what it writes', (_, struct) => {
    fc.assert(
      fc.property(anyValue(struct), record => {
        const bytes = struct.encode(record)
        expect(struct.read(bytes)).toEqual(record)
        expect(struct.encode(struct.read(bytes))).toEqual(bytes)
      }),
      { numRuns: 30 },
    )
  })

  it.each(structs.map(struct => [struct.name, struct] as const))(
    '%s reads as binary-parser reads its table',
    (_, struct) => {
      const parser = parserOf(struct)
      fc.assert(
        fc.property(fc.uint8Array({ minLength: struct.size, maxLength: struct.size }), bytes => {
          expect(struct.read(bytes)).toEqual(parser.parse(bytes))
        }),
        { numRuns: 30 },
      )
    },
  )

  it('puts the unaligned count of kexec-metadata where the kernel does', () => {
    const bytes = layout.KEXEC_METADATA.encode({
      version: 1,
      previousRelease: '7.2.13',
      kexecCount: 0x01020304,
    })
    expect(Array.from(bytes.subarray(0, 11))).toEqual([1, 0, 0, 0, 0x37, 0x2e, 0x32, 0x2e, 0x31, 0x33, 0])
    expect(Array.from(bytes.subarray(69))).toEqual([4, 3, 2, 1])
  })

  it('writes struct luo_ser as Linux 7.2.13 did', () => {
    const bytes = layout.LUO_SER.encode({
      compatible: 'luo-v5',
      liveupdateNum: 1n,
      sessionsPa: 0x24cf000,
      flbsPa: 0x23a0000,
    })
    expect(sha256(bytes)).toBe('edd34126f991ca4ba89d8bb9b411365edeacf271225b24e98f13a40532b14e11')
  })

  it('spells names as the kernel does', () => {
    expect(cName('totalPages')).toBe('total_pages')
    expect(layout.LUO_SESSION_SER.fields.map(field => cName(field.name))).toEqual(['name', 'file_set_ser'])
  })
})

it('the name of an entry is that of the one before it where both are the same', () => {
  const char = fc.constantFrom(0, 0x61, 0x62)
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 12, maxLength: 12 }),
      fc.array(char, { maxLength: 12 }),
      (rest, name) => {
        const bytes = Uint8Array.from([...rest.subarray(0, 3), ...name, ...rest.subarray(3)])
        for (const size of [1, 4, 9]) {
          const plain = layout.terminatedString(bytes.subarray(3, 3 + size))
          for (const last of ['', 'a', 'ab', 'abab', plain, `${plain}a`, plain.slice(1)]) {
            expect(layout.terminatedStringAt(bytes, 3, size, last)).toBe(plain)
          }
        }
      },
    ),
  )
})
