import { describe, expect, it } from 'vitest'
import { encodeKhoTest } from '../../../formats/blobs/index.js'
import type { FdtNodeSpec } from '../../../formats/fdt/index.js'
import { type AbiName, abiOf, trackerOptions } from '../../../formats/kernels/index.js'
import { geometry } from '../../../formats/memory/geometry.js'
import { createMemoryBuilder } from '../../../formats/memory/memory-builder.js'
import type { PhysicalMemory } from '../../../formats/memory/physical-memory.js'
import type { FoundRoot } from '../../../src/image/find-roots.js'
import { withRam } from '../../../src/image/ram-options.js'
import { type Candidate, weighReadings } from '../../../src/image/weigh-readings.js'
import { soundMap } from './made-map.js'

const GEO = geometry(12)
const MIB = 2 ** 20
/** Where all that a map must have lies: in the first bits of a bitmap of a page, and all that one of 512 bytes has. */
const LOW = { start: MIB, end: 16 * MIB }

type Made = ReturnType<typeof soundMap>

/** What is chosen of two sizes of bitmaps, the larger first. */
function weigh(
  made: Made,
  {
    names = ['kho-v1-page', 'kho-v1-512'],
    found = made.found,
    memory = withRam(made.memory, [{ start: 0, end: 64 * MIB }]),
  }: { names?: AbiName[]; found?: FoundRoot; memory?: PhysicalMemory } = {},
) {
  const candidates = names.map(
    (name): Candidate => ({
      abi: abiOf(name),
      options: trackerOptions(name, GEO),
      root: made.reading.root,
      recognition: { verdict: 'maybe', why: `it looks like ${name}` },
    }),
  )
  const { abi, reason, decode, options } = weighReadings(memory, found, candidates)
  expect([decode === null, options]).toEqual([false, trackerOptions(abi, GEO)])
  return [abi, reason]
}

const withChildren = (made: Made, ...children: FdtNodeSpec[]): FoundRoot => ({
  ...made.found,
  fdt: made.treeWith(...children),
})

/** A child of LUO, at a page that is preserved. */
const luo = (made: Made) => made.child('LUO', made.root)

describe('of readings that nothing in the bytes of a map rules out', () => {
  it('the one that gives a sound map is taken, and what speaks against the others is said', () => {
    const high = soundMap('kho-v1-page')
    const memory = high.memory
    expect(weigh(high, { memory })).toEqual([
      'kho-v1-page',
      'read as kho-v1-512 it lacks the page of the root FDT',
    ])
    expect(weigh(high, { memory, names: ['kho-v1-512', 'kho-v1-page', 'kho-v1-512'] })).toEqual([
      'kho-v1-page',
      'read as kho-v1-512 with all its levels it lacks the page of the root FDT; read as kho-v1-512 with all its levels it lacks the page of the root FDT',
    ])
  })

  it('the first is a guess that makes no difference where they hold the same blocks', () => {
    const low = soundMap('kho-v1-page', { ram: LOW })
    const text = (name: string) => `a guess that makes no difference: it looks like ${name}`
    expect(weigh(low)).toEqual(['kho-v1-page', text('kho-v1-page')])
    expect(weigh(low, { names: ['kho-v1-512', 'kho-v1-page'] })).toEqual(['kho-v1-512', text('kho-v1-512')])
    // Kernels that write small bitmaps hand no LUO over.
    const found = withChildren(low, luo(low))
    expect(weigh(low, { found, names: ['kho-v1-512', 'kho-v1-page'] })).toEqual([
      'kho-v1-page',
      text('kho-v1-page'),
    ])
  })

  it('the first is a guess where they hold others, and what kernels hand over tells', () => {
    const both = soundMap('kho-v1-page', { ram: LOW, also: [20 * MIB] })
    expect(weigh(both)).toEqual(['kho-v1-page', 'a guess, as both readings hold: it looks like kho-v1-page'])
    expect(weigh(both, { names: ['kho-v1-512', 'kho-v1-page'] })).toEqual([
      'kho-v1-512',
      'a guess, as both readings hold: it looks like kho-v1-512',
    ])
    const why = 'a guess, as both readings hold: a LUO child, which kernels that write kho-v1-512 do not have'
    for (const names of [
      ['kho-v1-512', 'kho-v1-page'],
      ['kho-v1-page', 'kho-v1-512'],
    ] as AbiName[][])
      expect(weigh(both, { found: withChildren(both, luo(both)), names })).toEqual(['kho-v1-page', why])
    // Where no kernel of either hands it over, nothing is told.
    const none = weigh(both, { found: withChildren(both, luo(both)), names: ['kho-v1-512', 'radix-rfc1'] })
    expect(none[0]).toBe('kho-v1-512')
  })

  it('a list of folios in a form that a layout’s kernels do not write tells, too', () => {
    const both = soundMap('kho-v1-page', { ram: LOW, also: [20 * MIB] })
    const builder = createMemoryBuilder({ geometry: GEO, ram: [{ start: 40 * MIB, end: 41 * MIB }], seed: 1 })
    const allocator = { allocate: (pages: number) => builder.allocate(pages) }
    const withTest = (form: 'array' | 'vmalloc') => {
      const { address } = encodeKhoTest(allocator, GEO, {
        form,
        folios: { address: Float64Array.of(50 * MIB), order: Uint32Array.of(0) },
        csum: 0,
      })
      const made = builder.memory()
      const memory: PhysicalMemory = {
        ...both.memory,
        ranges: [{ start: 0, end: 64 * MIB }],
        read: (phys, length) => (phys >= 40 * MIB ? made.read(phys, length) : both.memory.read(phys, length)),
      }
      return { address, memory }
    }
    const told = (form: 'array' | 'vmalloc') => {
      const { address, memory } = withTest(form)
      // A child whose page is not in the map speaks against both alike.
      const found = withChildren(both, both.child('kho_test', address))
      return weigh(both, { found, memory, names: ['kho-v1-512', 'kho-v1-page'] })
    }
    expect(told('vmalloc')).toEqual([
      'kho-v1-page',
      'a kho_test child that lists its folios in another form than kernels that write kho-v1-512',
    ])
    expect(told('array')[0]).toBe('kho-v1-512')
  })

  it('the one with the fewest flaws is taken where all have some', () => {
    const elsewhere = (made: Made): FoundRoot => ({ ...made.found, address: 63 * MIB })
    const high = soundMap('kho-v1-page')
    expect(weigh(high, { found: elsewhere(high), names: ['kho-v1-512', 'kho-v1-page'] })).toEqual([
      'kho-v1-page',
      'of 2 readings the one with the fewest flaws',
    ])
    const low = soundMap('kho-v1-page', { ram: LOW })
    expect(weigh(low, { found: elsewhere(low), names: ['kho-v1-512', 'kho-v1-page'] })).toEqual([
      'kho-v1-512',
      'a guess, as both readings have as many flaws: it looks like kho-v1-512',
    ])
    const found = { ...elsewhere(low), fdt: low.treeWith(luo(low)) }
    expect(weigh(low, { found, names: ['kho-v1-512', 'kho-v1-page'] })).toEqual([
      'kho-v1-page',
      'a LUO child, which kernels that write kho-v1-512 do not have',
    ])
  })

  it('the one with larger bitmaps is taken where no luck makes smaller ones look like them', () => {
    const wide = (made: Made) => withRam(made.memory, [{ start: 0, end: 2 ** 40 }])
    // Three bits for each bitmap's page, and its start: of one bitmap at 0 it is three.
    const many = soundMap('kho-v1-page', { ram: LOW, far: 2 })
    expect(weigh(many, { memory: wide(many), names: ['kho-v1-512', 'kho-v1-page'] })).toEqual([
      'kho-v1-page',
      'it looks like kho-v1-page',
    ])
    const few = soundMap('kho-v1-page', { ram: LOW, far: 1 })
    expect(weigh(few, { memory: wide(few), names: ['kho-v1-512', 'kho-v1-page'] })[1]).toMatch(/^a guess/)
    // Readings of one size have none that is larger.
    expect(weigh(many, { memory: wide(many), names: ['kho-v1-page', 'kho-v1-page'] })[1]).toMatch(
      /^a guess that makes no/,
    )
  })
})
