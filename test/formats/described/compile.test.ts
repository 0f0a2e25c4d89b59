import { describe, expect, it } from 'vitest'
import {
  compileLayout,
  keyOf,
  type LayoutFile,
  layoutSet,
  postedText,
} from '../../../formats/described/index.js'

type Structs = LayoutFile['structs']
type Fields = Structs[string]['fields']

const compile = (structs: Structs, uses: Partial<LayoutFile> = {}) => compileLayout({ ...uses, structs })
/** One structure of these fields, beside an entry of eight bytes and one that has a tail. */
const withFields = (fields: Fields, more: Partial<Structs[string]> = {}) =>
  compile({
    own: { ...more, fields },
    entry: { fields: { word: { at: 0, type: 'u64' } } },
    long: { fields: { n: { at: 0, type: 'u32', to: { tail: 'entry' } } } },
    folios: {
      fields: {
        folio: { at: 0, type: 'u64', bits: { pfn: [0, 52], uptodate: [52, 1] }, to: { folio: 'pfn' } },
        index: { at: 8, type: 'u64' },
        small: { at: 16, type: 'u32' },
      },
    },
  })
const own = (fields: Fields) => withFields(fields).structs.get('own')!

describe('structures of a layout', () => {
  it('have their fields by offset, end with the last, or are as long as they say', () => {
    const { struct, fields, nested } = own({
      behind: { at: 12, type: 's16' },
      first: { at: 0, type: 'entry' },
    })
    expect(fields.map(({ name }) => name)).toEqual(['first', 'behind'])
    expect([struct.size, nested.map(({ key }) => key)]).toEqual([14, ['first']])
    expect(withFields({ x: { at: 0, type: 'u8' } }, { size: 24 }).structs.get('own')!.struct.size).toBe(24)
  })

  it('may be in one another, as often as wanted, but not in themselves', () => {
    expect(own({ a: { at: 0, type: 'entry' }, b: { at: 8, type: 'entry' } }).struct.size).toBe(16)
    const deep = (inner: string): Structs => ({
      a: { fields: { x: { at: 0, type: 'b' } } },
      b: { fields: { y: { at: 0, type: inner } } },
      c: { fields: { z: { at: 0, type: 'u16' } } },
    })
    expect(compile(deep('c')).structs.get('a')!.struct.size).toBe(2)
    expect(() => compile(deep('a'))).toThrow('structure a contains itself')
    expect(() => own({ x: { at: 0, type: 'toString' } })).toThrow('the layout has no structure "toString"')
    expect(() => withFields({})).toThrow('structure own has no fields and no size')
  })

  it('are there for all who hand them over, and know which of them an address leads to', () => {
    for (const use of ['handlers', 'flbs', 'children'] as const) {
      expect(() => compile({ a: { size: 8, fields: {} } }, { [use]: { h: ['a', 'b'] } })).toThrow(
        'the layout has no structure "b"',
      )
    }
    const all = withFields({
      one: { at: 0, type: 'addr', to: { struct: 'entry' } },
      list: { at: 8, type: 'addr', to: { blocks: 'folios' } },
    })
    expect([...all.pointedTo]).toEqual(['entry'])
  })

  it.each([
    ['u8', [4, 5], [4, 4]],
    ['u16', [15, 2], [15, 1]],
    ['u32', [0, 33], [0, 32]],
    ['s32', [31, 2], [31, 1]],
    ['u64', [60, 5], [60, 4]],
    ['addr', [64, 1], [63, 1]],
  ] as const)('have parts of words that fit: %s', (type, bad, good) => {
    expect(own({ x: { at: 0, type, bits: { part: good } } }).fields[0]!.bits).toEqual([
      { name: 'part', shift: good[0], width: good[1] },
    ])
    expect(() => own({ x: { at: 0, type, bits: { fits: [0, 1], part: bad } } })).toThrow(
      'structure own: x has no room for bits part',
    )
  })

  it('have no parts of what is no word', () => {
    for (const type of ['chars[8]', 'bytes[8]', 'entry', 'kho_vmalloc'])
      expect(() => own({ x: { at: 0, type, bits: { part: [0, 1] } } })).toThrow('no room for bits part')
  })

  it.each([
    ['addr', 'addr', 'struct', { struct: 'entry' }],
    ['addr', 'addr', 'blocks', { blocks: 'entry' }],
    ['addr', 'addr', 'chain', { chain: 'entry' }],
    ['addr', 'addr', 'pages', { pages: 2 }],
    ['addr', 'addr', 'tables', { tables: 3 }],
    ['u64', 'u64', 'folio', { folio: 'pfn' }],
    ['kho_vmalloc', 'kho_vmalloc', 'vmalloc', { vmalloc: 'entry', count: 'n' }],
    ['u32', 'u64 or u32 or u16 or u8', 'tail', { tail: 'entry' }],
  ] as const)('lead on from %s: %s to %s', (type, needs, kind, to) => {
    const bits = kind === 'folio' ? { bits: { pfn: [0, 52] as const } } : {}
    const made = own({ x: { at: 0, type, to, ...bits }, n: { at: 16, type: 'u16' } })
    expect(made.links.map(link => [link.field.name, link.to.kind])).toEqual([['x', kind]])
    const [target] = made.links
    expect(target!.target?.name ?? null).toBe(['pages', 'folio', 'tables'].includes(kind) ? null : 'entry')
    for (const other of ['addr', 'u64', 'u8', 'kho_vmalloc', 'chars[8]', 'entry']) {
      if (needs.split(' or ').includes(other)) continue
      // What counts itself is refused where it is no number.
      const message =
        kind === 'tail' && other !== 'u8' ? /no number "x"|must be/ : `x must be ${needs} to lead to ${kind}`
      expect(() => own({ x: { at: 0, type: other, to }, n: { at: 16, type: 'u16' } }), other).toThrow(message)
    }
  })

  it('know the field that counts, by its place and size', () => {
    const link = (fields: Fields) => own(fields).links[0]!
    const area = (count: string, type: string) =>
      link({ list: { at: 0, type: 'kho_vmalloc', to: { vmalloc: 'entry', count } }, n: { at: 18, type } })
    expect(area('n', 'u16').counter).toEqual({ offset: 18, bytes: 2 })
    expect(area('n', 'u8').counter).toEqual({ offset: 18, bytes: 1 })
    for (const [name, type] of [
      ['m', 'u16'],
      ['n', 'addr'],
      ['n', 'chars[2]'],
      ['list', 'u8'],
    ] as const)
      expect(() => area(name, type)).toThrow(`structure own has no number "${name}" to count by`)
    const tables = (levels: number | string) =>
      link({ top: { at: 0, type: 'addr', to: { tables: levels } }, depth: { at: 8, type: 'u32' } })
    expect([tables(3).counter, tables('depth').counter]).toEqual([null, { offset: 8, bytes: 4 }])
    expect(() => tables('top')).toThrow('no number "top"')
    const tail = link({ pad: { at: 0, type: 'u64' }, n: { at: 8, type: 'u32', to: { tail: 'entry' } } })
    expect([tail.key, tail.counter]).toEqual(['entries', { offset: 8, bytes: 4 }])
    expect(link({ at: { at: 0, type: 'addr', to: { blocks: 'entry' } } }).counter).toBeNull()
  })

  it('have no tail behind entries that have one, and no folio without the bits of its number', () => {
    expect(() => own({ n: { at: 0, type: 'u8', to: { tail: 'long' } } })).toThrow(
      'structure own: entries that follow n have a tail of their own',
    )
    expect(own({ n: { at: 0, type: 'u8', to: { tail: 'folios' } } }).links).toHaveLength(1)
    expect(own({ x: { at: 0, type: 'addr', to: { blocks: 'long' } } }).links).toHaveLength(1)
    const folio = { at: 0, type: 'u64', to: { folio: 'pfn' } }
    expect(() => own({ x: { ...folio, bits: { other: [0, 52] } } })).toThrow('x has no bits "pfn"')
    expect(own({ x: { ...folio, bits: { other: [52, 1], pfn: [0, 52] } } }).links).toHaveLength(1)
  })

  it('stand for a file where all that says what is in it is there', () => {
    const fields: Fields = {
      size: { at: 0, type: 'u64' },
      plain: { at: 8, type: 'u32' },
      list: { at: 16, type: 'addr', to: { blocks: 'folios' } },
      other: { at: 24, type: 'addr', to: { blocks: 'entry' } },
      memory: { at: 32, type: 'addr', to: { pages: 1 } },
    }
    const content = { folios: 'list', index: 'index', size: 'size', uptodate: 'uptodate' }
    const file = (changed: object) => withFields(fields, { content: { ...content, ...changed } })
    expect(file({}).structs.get('own')!.content).toEqual(content)
    expect(file({ uptodate: undefined }).structs.get('own')!.content).not.toBeNull()
    for (const folios of ['size', 'none', 'other', 'memory'])
      expect(() => file({ folios })).toThrow(`structure own: its content has no list of folios ${folios}`)
    expect(() => file({ uptodate: 'dirty' })).toThrow('entries of its content have no bits dirty')
    for (const changed of [{ index: 'small' }, { index: 'none' }, { size: 'plain' }, { size: 'list' }])
      expect(() => file(changed)).toThrow('index and size of its content must be u64')
  })
})

describe('names of fields', () => {
  it('are written as the rest of the tree writes names', () => {
    expect(['nr_devices', '_x', 'a__b', 'a_', 'x_1', 'same'].map(keyOf)).toEqual([
      'nrDevices',
      '_x',
      'aB',
      'a_',
      'x1',
      'same',
    ])
  })

  it.each([
    ['aB', { aB: { at: 0, type: 'u8' }, a_b: { at: 1, type: 'u8' } }],
    ['xAddress', { x: { at: 0, type: 'addr', to: { pages: 1 } }, x_address: { at: 8, type: 'u8' } }],
    [
      'listVmalloc',
      {
        list: { at: 0, type: 'kho_vmalloc', to: { vmalloc: 'entry', count: 'list_vmalloc' } },
        list_vmalloc: { at: 16, type: 'u8' },
      },
    ],
    ['entries', { n: { at: 0, type: 'u8', to: { tail: 'entry' } }, entries: { at: 1, type: 'u8' } }],
    ['xBits', { x: { at: 0, type: 'u8', bits: { a: [0, 1] } }, xBits: { at: 1, type: 'u8' } }],
  ] as const)('differ from those of what lies beside them: %s', (key, fields: Fields) => {
    expect(() => own(fields)).toThrow(`structure own: two things are called ${key}`)
  })

  it('of a plain number take none beside it', () => {
    const fields = { x: { at: 0, type: 'u8' }, xBits: { at: 1, type: 'u8' }, xAddress: { at: 2, type: 'u8' } }
    expect(own(fields).fields).toHaveLength(3)
    const area = {
      x: { at: 0, type: 'kho_vmalloc', to: { vmalloc: 'entry', count: 'xAddress' } },
      xAddress: { at: 16, type: 'u8' },
    }
    expect(own(area).fields).toHaveLength(2)
  })
})

describe('a layout', () => {
  it('says when it was posted, and nothing of what the user describes', () => {
    const structs = { a: { size: 8, fields: {} } }
    const posted = { series: 'a series', date: '2026-09-18' }
    expect(postedText(compile(structs).description)).toBeNull()
    expect(postedText(compile(structs, { posted }).description)).toBe('posted 2026-09-18, not merged')
  })

  it('has defaults for what its file leaves out', () => {
    const { description } = compile({ a: { fields: { x: { at: 4, type: 'bytes[3]' } } } })
    expect(description).toEqual({
      title: 'structures that the user describes',
      posted: null,
      handlers: {},
      flbs: {},
      children: {},
      structs: {
        a: {
          size: null,
          doc: '',
          content: null,
          beside: null,
          fields: [
            {
              ...{ name: 'x', offset: 4, type: 'bytes', length: 3, signed: false, doc: '', to: null },
              ...{ is: null, not: [], bits: [], show: 'auto' },
            },
          ],
        },
      },
    })
    const [field] = compile({
      a: {
        fields: { x: { at: 0, type: 'addr', doc: 'text', to: { pages: 'block' }, is: [1, 2], not: [3] } },
      },
    }).description.structs.a!.fields
    expect(field).toMatchObject({ doc: 'text', to: { kind: 'pages', pages: null }, is: [1n, 2n], not: [3n] })
    const signs = ['u8', 's8', 's16', 's32', 's64', 'u64'].map((type, n) => [`f${n}`, { at: n * 8, type }])
    const numbers = compile({ a: { fields: Object.fromEntries(signs) } }).description.structs.a!.fields
    expect(numbers.map(({ type, signed }) => [type, signed])).toEqual([
      ['u8', false],
      ['u8', true],
      ['u16', true],
      ['u32', true],
      ['u64', true],
      ['u64', false],
    ])
  })

  it('is found by use and name, the first that was given first, and before what was posted', () => {
    const made = (title: string, uses: Partial<LayoutFile>) =>
      compile({ a: { size: 8, fields: {} }, b: { size: 4, fields: {} } }, { title, ...uses })
    const first = made('first', { flbs: { pci: ['b', 'a'] }, handlers: { mine: 'a' } })
    const second = made('second', { flbs: { pci: 'a', mine: 'b' } })
    const set = layoutSet([first, second])
    const found = (use: 'handlers' | 'flbs' | 'children', name: string) => {
      const match = set.find(use, name)
      return match && [match.all.description.title, ...match.candidates.map(candidate => candidate.name)]
    }
    expect(found('flbs', 'pci')).toEqual(['first', 'b', 'a'])
    expect(found('flbs', 'mine')).toEqual(['second', 'b'])
    expect(found('handlers', 'mine')).toEqual(['first', 'a'])
    expect([found('children', 'mine'), found('flbs', 'toString')]).toEqual([null, null])
    expect(found('children', 'pstore-kho')).toHaveLength(2)
    expect(set.files).toEqual([first.file, second.file])
    expect(set.names('flbs').slice(0, 3)).toEqual(['pci', 'pci', 'mine'])
    expect(set.names('flbs')).toContain('hugetlb-v1')
    expect(layoutSet().files).toEqual([])
  })
})
