import { describe, expect, it } from 'vitest'
import type { AbiName } from '../../../formats/kernels/index.js'
import { geometry, type PageShift } from '../../../formats/memory/geometry.js'
import type { PhysicalMemory } from '../../../formats/memory/physical-memory.js'
import { chooseLayout } from '../../../src/image/choose-layout.js'
import type { FoundHandover, FoundRoot } from '../../../src/image/find-roots.js'
import { inferGeometry } from '../../../src/image/infer-geometry.js'
import { withRam } from '../../../src/image/ram-options.js'
import { soundMap } from './made-map.js'

const SHIFTS = [12, 14, 16] as const
type Made = ReturnType<typeof soundMap>

function choose(
  made: Made,
  {
    records = [],
    machine = null,
    memory = made.memory,
    ...options
  }: {
    records?: FoundHandover[]
    machine?: string | null
    memory?: PhysicalMemory
    pageShift?: PageShift
    abi?: AbiName
    ramEnd?: number
  } = {},
) {
  const { reading, reason, certainty } = inferGeometry(memory, made.found, records, machine, options)
  return { shift: reading.geometry.pageShift, abi: reading.abi, why: reading.abiReason, reason, certainty }
}

/** The same, where every address is RAM. */
const wide = ({ memory }: Made) => withRam(memory, [{ start: 0, end: 2 ** 40 }])

const record = (made: Made, fdtSize: number): FoundHandover => ({
  ...{ kind: 'setup-data', address: 0x8000, scratchAddress: 0x9000, scratchSize: 16 },
  fdtAddress: made.root,
  fdtSize,
})

describe('the page size of a map', () => {
  it('is what the user says, else what the machine has', () => {
    const made = soundMap('kho-v4', { pageShift: 14 })
    expect(choose(made, { pageShift: 16, machine: 'x86_64' })).toMatchObject({
      shift: 16,
      reason: 'given',
      certainty: 'told',
    })
    expect(choose(made, { machine: 'x86_64', records: [record(made, 2 ** 14)] })).toMatchObject({
      shift: 12,
      reason: 'x86_64 has pages of 4096 bytes',
      certainty: 'told',
    })
    expect(choose(made, { machine: 'aarch64' })).toMatchObject({ shift: 14, certainty: 'shown' })
  })

  it.each(SHIFTS)('is the length of the root FDT in the record that names it: 2^%i', shift => {
    const made = soundMap('kho-v4')
    const other = { ...record(made, 2 ** (shift === 12 ? 14 : 12)), fdtAddress: made.root + 4096 }
    expect(choose(made, { records: [other, record(made, 2 ** shift)] })).toMatchObject({
      shift,
      reason: `the setup-data record gives the root FDT one page of ${2 ** shift} bytes`,
      certainty: 'told',
    })
  })

  it('is not told by a record of some other length, of another root, or where the FDT is no preserved page', () => {
    const made = soundMap('kho-v4', { pageShift: 16 })
    for (const records of [[record(made, 8192)], [{ ...record(made, 4096), fdtAddress: 4096 }], []])
      expect(choose(made, { records })).toMatchObject({ shift: 16, certainty: 'shown' })
    const old = soundMap('v5', { pageShift: 16 })
    expect(choose(old, { records: [record(old, 4096)] })).toMatchObject({ shift: 16, certainty: 'shown' })
  })

  it.each(
    (['kho-v4', 'kho-v3', 'kho-v2', 'kho-v1-page', 'array'] as const).flatMap(abi =>
      SHIFTS.map(shift => [abi, shift] as const),
    ),
  )('is the one under which a map of %s holds its own root: 2^%i', (abi, pageShift) => {
    for (const bare of [true, false]) {
      const found = choose(soundMap(abi, { pageShift, bare }))
      expect(found).toMatchObject({
        shift: pageShift,
        abi,
        reason: `read with pages of ${2 ** pageShift} bytes the map is whole and holds its own root FDT`,
        certainty: 'shown',
      })
    }
  })

  it('is the one against which nothing speaks, and says what does against the others', () => {
    const lacks = 'it lacks the page of the blob memblock'
    for (const abi of ['v5', 'v5-table'] as const) {
      for (const [n, pageShift] of SHIFTS.entries()) {
        const [one, two] = SHIFTS.filter((_, other) => other !== n).map(shift => 2 ** shift)
        expect(choose(soundMap(abi, { pageShift }))).toMatchObject({
          ...{ shift: pageShift, abi, certainty: 'shown' },
          reason: `read with pages of ${2 ** pageShift} bytes nothing speaks against the map; with pages of ${one} bytes ${lacks}; with pages of ${two} bytes ${lacks}`,
        })
      }
    }
    expect(choose(soundMap('v5', { pageShift: 14, bare: true }))).toMatchObject({
      shift: 14,
      reason: expect.stringContaining('with pages of 4096 bytes 3 blocks of it are not in the memory'),
    })
  })

  it('is the largest that all of the map is aligned to, where that takes luck', () => {
    for (const pageShift of [14, 16] as const) {
      // Ten bits of luck are two for each page and start of a bitmap, or four.
      const few = soundMap('v5', { pageShift, bare: true, far: 1 })
      expect(choose(few, { memory: wide(few) })).toMatchObject({ certainty: 'guessed' })
      const many = soundMap('v5', { pageShift, bare: true, far: 8 })
      expect(choose(many, { memory: wide(many) })).toMatchObject({
        shift: pageShift,
        reason: `all of the map is aligned to pages of ${2 ** pageShift} bytes, and nothing speaks against them`,
        certainty: 'shown',
      })
    }
  })

  it('is a guess where nothing decides, and says among which', () => {
    const sizes = { 14: '4096, 16384', 16: '4096, 16384, 65536' } as const
    for (const pageShift of [14, 16] as const) {
      const small = soundMap('v5', { pageShift, bare: true })
      expect(choose(small, { memory: wide(small) })).toMatchObject({
        shift: 12,
        reason: `a guess: the map holds together with pages of ${sizes[pageShift]} bytes`,
        certainty: 'guessed',
      })
      // Five bits are enough to guess the larger.
      const table = soundMap('v5-table', { pageShift, bare: true })
      expect(choose(table, { memory: wide(table) })).toMatchObject({ shift: pageShift, certainty: 'guessed' })
    }
  })

  it('makes no difference where a map says the same with each', () => {
    const found = choose(soundMap('mem4', { pageShift: 16 }))
    expect(found).toMatchObject({
      shift: 12,
      reason:
        'a guess that makes no difference: the map names the same memory with every page size that fits',
      certainty: 'same',
    })
    // Nor does it of a root that names none.
    const { memory, found: root } = soundMap('kho-v4')
    const bareRoot = { ...root.fdt.root, properties: [], children: [] }
    const none = { ...root, address: 2 ** 25, fdt: { ...root.fdt, root: bareRoot } }
    expect(inferGeometry(memory, none, [], null, {})).toMatchObject({ certainty: 'same' })
  })

  it('is the only one to which a root is aligned that is a page', () => {
    const { memory, found: root } = soundMap('kho-v4')
    const bareRoot = { ...root.fdt.root, properties: [], children: [] }
    const at = (address: number) => {
      const none = { ...root, address, fdt: { ...root.fdt, root: bareRoot } }
      const { reason, certainty } = inferGeometry(memory, none, [], null, {})
      return [reason, certainty]
    }
    const reason = 'the root FDT is a page, and lies at no multiple of more than 4096 bytes'
    expect(at(2 ** 25 + 4096)).toEqual([reason, 'shown'])
    expect(at(2 ** 25 + 8192)).toEqual([reason, 'shown'])
    expect(at(2 ** 25 + 16384)).toEqual([expect.stringContaining('no difference'), 'same'])
  })

  it('is guessed by what speaks least against the map where something always does', () => {
    const made = soundMap('v5', { pageShift: 12 })
    const broken = made.treeWith(made.child('lost', made.root - 2 ** 20 * 100))
    const { reading, reason, certainty } = inferGeometry(
      made.memory,
      { ...made.found, fdt: broken },
      [],
      null,
      {},
    )
    expect([reading.geometry.pageShift, certainty]).toEqual([12, 'guessed'])
    expect(reason).toBe(
      'a guess: with no page size nothing speaks against the map; with 4096: it lacks the page of the blob lost',
    )
  })

  it('leaves out sizes to which the root is not aligned, where roots are pages', () => {
    const made = soundMap('kho-v4', { pageShift: 12 })
    // A map that lost its root: nothing shows a size.
    const lost = { ...made.found, address: made.root + 4096 * (made.root % 16384 === 12288 ? 2 : 1) }
    expect(lost.address % 16384).not.toBe(0)
    const { reading } = inferGeometry(made.memory, lost, [], null, {})
    expect(reading.geometry.pageShift).toBe(12)
  })
})

describe('the layout of a map', () => {
  const chosen = (made: Made, options: { abi?: AbiName } = {}) => {
    const { abi, why } = choose(made, { pageShift: 12, ...options })
    return [abi, why]
  }

  it('is told by the version, whatever follows it that is no digit', () => {
    for (const compatible of ['kho-v4', 'kho-v4;radix-v1', 'kho-v4 ', 'kho-v4.1'])
      expect(chosen(soundMap('kho-v4', { compatible }))).toEqual(['kho-v4', null])
    for (const compatible of ['kho-v3', 'kho-v3-x']) {
      const [abi] = chosen(soundMap('kho-v3', { compatible }))
      expect(abi).toBe('kho-v3')
    }
  })

  it.each([
    ['kho-v4', false, 'kho-v4', 'a guess that makes no difference: trees of these pages have 6 levels'],
    [
      'radix-rfc1',
      false,
      'radix-rfc2',
      'a guess that makes no difference: trees of these pages have 6 levels',
    ],
    ['array', false, 'array', 'the map begins with the magic number of an array'],
    ['kho-v1-512', false, 'kho-v1-512', '1 bitmaps begin inside the span of a page-size bitmap'],
    ['v5', true, 'v5', expect.any(String)],
    ['v5-table', true, 'v5-table', null],
    ['mail-table', true, 'mail-table', null],
    ['ranges', true, 'ranges', 'the first chunk counts 1 ranges'],
    ['sketch', true, 'sketch', null],
    ['mem4', true, 'mem4', 'nodes of the root FDT have ranges of memory'],
  ] as const)(
    'of a version that nobody knows is told by what blobs hang on and what names the map: %s',
    (name, bare, abi, why) => {
      for (const compatible of ['kho-v40', 'kho-v9', 'linux-kho,v10'])
        expect(chosen(soundMap(name, { bare, compatible }))).toEqual([abi, why])
    },
  )

  it('has the options of its reading, with the end of RAM where that is known', () => {
    const { memory, found } = soundMap('kho-v4')
    const optionsOf = (root: FoundRoot, options: { ramEnd?: number }) =>
      chooseLayout(memory, root, geometry(12), options).options
    const none = {
      ...found,
      fdt: { ...found.fdt, root: { ...found.fdt.root, properties: [], children: [] } },
    }
    for (const root of [found, none]) {
      expect(optionsOf(root, { ramEnd: 5 })).toMatchObject({ geometry: geometry(12), ramEnd: 5 })
      expect(optionsOf(root, {})).not.toHaveProperty('ramEnd')
    }
  })

  it('is the one that the user gives', () => {
    expect(chosen(soundMap('kho-v3'), { abi: 'kho-v4' })).toEqual(['kho-v4', 'given on the command line'])
    expect(chosen(soundMap('kho-v1-512'), { abi: 'kho-v1-page' })).toEqual([
      'kho-v1-page',
      'given on the command line',
    ])
    expect(chosen(soundMap('kho-v4'), { abi: 'v5' })).toEqual(['v5', 'given on the command line'])
  })

  it('is told by the bytes of the map, or by what a reading gives', () => {
    expect(chosen(soundMap('kho-v1-page'))).toEqual([
      'kho-v1-page',
      'read as kho-v1-512 it lacks the page of the root FDT',
    ])
    expect(chosen(soundMap('kho-v1-512'))).toEqual([
      'kho-v1-512',
      '1 bitmaps begin inside the span of a page-size bitmap',
    ])
    expect(chosen(soundMap('array'))).toEqual(['array', 'the map begins with the magic number of an array'])
    expect(chosen(soundMap('mem4'))).toEqual(['mem4', 'nodes of the root FDT have ranges of memory'])
    const { abi, why } = choose(soundMap('kho-v3', { pageShift: 14 }), { pageShift: 14 })
    expect([abi, why]).toEqual(['kho-v3', 'read as kho-v3 with 4 levels it lacks the page of the root FDT'])
  })

  it('of two that hold is the one with larger bitmaps, where no luck makes smaller ones look like them', () => {
    // All bitmaps begin at multiples of what a page spans, as those of pages do.
    const many = soundMap('kho-v1-page', { pageShift: 14, far: 10, ram: { start: 2 ** 25, end: 2 ** 34 } })
    const { abi, why } = choose(many, { pageShift: 14 })
    expect(abi).toBe('kho-v1-page')
    expect(why).not.toMatch(/guess/)
    const few = choose(soundMap('kho-v1-page', { pageShift: 14 }), { pageShift: 14 })
    expect([few.abi, few.why]).toEqual([
      'kho-v1-page',
      'a guess that makes no difference: every bitmap is page aligned and begins at a multiple of its span',
    ])
  })

  it('of a root that names no map is that of its version, by what its blobs hang on', () => {
    const without = (compatible: string, ...kept: string[]) => {
      const { memory, found, fdt } = withProperty(compatible)
      const children = found.fdt.root.children.filter(({ name }) => kept.includes(name))
      const none = { ...found, fdt: { ...fdt, root: { ...fdt.root, properties: [], children } } }
      const { abi, root, reason, decode } = chooseLayout(memory, none, geometry(12), {})
      expect([root, reason, decode]).toEqual([null, null, null])
      return abi
    }
    /** A root with a child for each property that blobs have hung on. */
    const withProperty = (compatible: string) => {
      const made = soundMap('kho-v4', { compatible, bare: true })
      const named = (name: string) => ({
        name,
        properties: [{ name, value: new Uint8Array(8) }],
        children: [],
      })
      const fdt = made.treeWith(named('fdt'), named('preserved-data'), named('other'))
      return { memory: made.memory, found: { ...made.found, fdt }, fdt }
    }
    expect(['kho-v1', 'kho-v2', 'kho-v4', 'kho-v9'].map(version => without(version))).toEqual([
      'mem4',
      'kho-v2',
      'kho-v4',
      'mem4',
    ])
    expect(['kho-v1', 'kho-v2', 'kho-v3', 'kho-v9'].map(version => without(version, 'other', 'fdt'))).toEqual(
      ['kho-v1-page', 'radix-rfc2', 'kho-v3', 'kho-v1-page'],
    )
    expect(
      ['kho-v2', 'kho-v3', 'kho-v9', 'linux-kho,v1'].map(version =>
        without(version, 'other', 'preserved-data'),
      ),
    ).toEqual(['kho-v2', 'kho-v3', 'kho-v4', 'sketch'])
  })
})
