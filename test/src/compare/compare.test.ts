import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { geometry } from '../../../formats/memory/geometry.js'
import { addBlock, addRun, createPageSet, hasBlock, type PageSet } from '../../../formats/pages/page-set.js'
import { COMPARED, compareTrackers, type TrackerName } from '../../../src/compare/compare.js'
import { memblockMs } from '../../../src/compare/figures.js'
import { type Cost, measure } from '../../../src/compare/measure.js'
import { sampleBlocks, sampleGaps } from '../../../src/compare/samples.js'
import { parseScenario } from '../../../src/scenario/scenario-file.js'
import { simulate } from '../../../src/simulate/simulate.js'
import { ROOT } from '../../built.js'

const PAGES = geometry(12)
const GIB = 2 ** 30

function run(order: number, first: number, count: number): PageSet {
  const pages = createPageSet(12)
  addRun(pages, order, first, count)
  return pages
}

function blocks(...list: [address: number, order: number][]): PageSet {
  const pages = createPageSet(12)
  for (const [address, order] of list) addBlock(pages, address, order)
  return pages
}

const tables = (pages: PageSet): Cost => measure(pages, 'v5-table', PAGES, 2 ** 51)

describe('the figures of the mails, against what the encoders do', () => {
  const all16 = run(0, (4 * GIB) / 4096, (16 * GIB) / 4096)

  it('512 KiB of bitmaps for 16 GiB of order 0', () => {
    for (const abi of ['v5', 'kho-v1-512', 'array', 'kho-v1-page'] as const) {
      expect(measure(all16, abi, PAGES, 20 * GIB).atRest.bytes).toBe(512 * 1024)
    }
  })

  it('1 TiB of 1 GiB blocks in one bitmap of 512 bytes', () => {
    const set = run(18, 0, 1024)
    const cost = measure(set, 'kho-v1-512', PAGES, 1024 * GIB)
    expect(cost.atRest.bytes).toBe(512)
    expect(cost.readBack.nodes).toBe(2)
  })

  it('128 MiB, 64 GiB, 32 TiB and 16 PiB a level', () => {
    for (const abi of ['mail-table', 'v5-table'] as const) {
      const { units } = measure(all16, abi, PAGES, 20 * GIB)
      expect(units.map(({ covers }) => covers)).toEqual([2 ** 27, 2 ** 36, 2 ** 45, 2 ** 54])
      expect(units.map(({ kind }) => kind)).toEqual(['leaf', 'table', 'table', 'table'])
    }
  })

  it('16 MiB a bitmap of 512 bytes, whatever the order of the set', () => {
    for (const set of [all16, run(18, 0, 1024)]) {
      const { units } = measure(set, 'v5', PAGES, 1024 * GIB)
      expect(units).toEqual([{ kind: 'bitmap', level: 0, bytes: 512, covers: 2 ** 24 }])
    }
  })

  it('both forms of the list are alive at finalize: 542 KiB against the 524 KiB of the tree', () => {
    const list = measure(all16, 'v5', PAGES, 20 * GIB)
    // 1024 bitmaps; 16 nodes of 64 slots, one above them, and the order's own xarray; 5 chunks.
    expect(list.atRest).toMatchObject({ bytes: 1024 * 512, indexBytes: 17 * 576 + 16 })
    expect(list.peakBytes).toBe(1024 * 512 + 17 * 576 + 16 + 5 * 4096)
    expect(Math.round(list.peakBytes / 1024)).toBe(542)
    const tree = measure(all16, 'mail-table', PAGES, 20 * GIB)
    expect(tree.peakBytes).toBe(524 * 1024)
    expect(tree.peakBytes).toBe(tree.atRest.bytes)
  })

  it.each([
    [1, 2 ** 27],
    [2, 2 ** 36],
    [3, 2 ** 45],
  ])('a table of level %i is the only one up to that address, and not beyond', (level, reach) => {
    const inside = tables(blocks([0, 0], [reach - 4096, 0])).allocations
    const beyond = tables(blocks([0, 0], [reach, 0])).allocations
    // At each level up to this one the first block's path forks: one more page each.
    // The xarray of orders has the descriptor of the top one.
    expect(inside).toBe(1 + 4 + level - 1)
    expect(beyond).toBe(1 + 4 + level)
  })

  it('tables are written in place: no bytes and no copies at finalize', () => {
    for (const abi of ['mail-table', 'kho-v2', 'kho-v3', 'kho-v4'] as const) {
      expect(measure(all16, abi, PAGES, 20 * GIB)).toMatchObject({
        finalize: { bytes: 0, copiedBytes: 0, allocations: 0 },
        atRest: { indexBytes: 0 },
      })
    }
    // The patch keeps a descriptor for each order beside them, and writes it down.
    expect(measure(all16, 'v5-table', PAGES, 20 * GIB)).toMatchObject({
      finalize: { bytes: 0, copiedBytes: 8, allocations: 0 },
      atRest: { indexBytes: 8 },
    })
    const list = measure(all16, 'kho-v1-512', PAGES, 20 * GIB)
    expect(list.finalize.copiedBytes).toBe(1024 * 16)
    expect(list.finalize.bytes).toBe(Math.ceil(1024 / 255) * 4096)
    expect(list.atRest.indexBytes).toBeGreaterThan(0)
  })

  it('the model of memblock meets the figures it is made from', () => {
    expect(memblockMs(100_000, 100_000) / 1000).toBeCloseTo(14.4, 1)
    expect(memblockMs(30_000, 30_000) / 1000).toBeGreaterThan(1.19 * 0.9)
    expect(memblockMs(30_000, 30_000) / 1000).toBeLessThan(1.19 * 1.1)
    expect(memblockMs(10_000, 10_000) / 1000).toBeGreaterThan(0.17 * 0.8)
    expect(memblockMs(10_000, 10_000) / 1000).toBeLessThan(0.17 * 1.2)
    expect(memblockMs(1_000_000, 1)).toBeCloseTo(22, 3)
  })
})

describe('look-ups', () => {
  it('take a step for each level, and one for the bit', () => {
    const set = run(0, 2 ** 20, 100_000)
    expect(measure(set, 'mail-table', PAGES, 8 * GIB).lookUp).toMatchObject({ hit: 4, how: 'counted' })
    expect(tables(set).lookUp).toMatchObject({ hit: 5, how: 'counted' })
    expect(measure(set, 'kho-v4', PAGES, 8 * GIB).lookUp).toMatchObject({ hit: 6, how: 'counted' })
  })

  it('leave the set as it was', () => {
    const set = run(0, 2 ** 20, 5000)
    measure(set, 'kho-v4', PAGES, 8 * GIB)
    expect(hasBlock(set, 2 ** 32, 0)).toBe(true)
  })

  it('go through a list from one end to the other', () => {
    const cost = measure(run(0, 2 ** 20, 2 ** 20), 'kho-v1-512', PAGES, 16 * GIB)
    expect(cost.lookUpHandedOver).toEqual({ hit: 128.5, miss: 256, how: 'modelled' })
  })
})

describe('samples', () => {
  it('are in the set, of every order, and no more than were asked for', () => {
    const set = run(0, 2 ** 20, 2 ** 20)
    addRun(set, 9, 2 ** 14, 100)
    const samples = sampleBlocks(set, 100)
    expect(samples.length).toBeGreaterThan(30)
    expect(samples.length).toBeLessThanOrEqual(100)
    expect(new Set(samples.map(({ order }) => order))).toEqual(new Set([0, 9]))
    for (const { address, order } of samples) expect(hasBlock(set, address, order)).toBe(true)
  })

  it('takes all of a small bitmap, wherever its bits are, and not one twice', () => {
    const set = blocks([0, 0], [4096, 0], [2 ** 26, 0], [2 ** 40, 18])
    expect(sampleBlocks(set, 100)).toEqual([
      { address: 0, order: 0 },
      { address: 4096, order: 0 },
      { address: 2 ** 26, order: 0 },
      { address: 2 ** 40, order: 18 },
    ])
    const many = sampleBlocks(run(0, 0, 2 ** 20), 64)
    expect(new Set(many.map(({ address }) => address)).size).toBe(many.length)
    expect(many.length).toBe(64)
  })

  it.each(COMPARED.filter(name => name !== 'mem4'))('%s is measured on one block of 1 GiB', tracker => {
    const { preserve } = measure(blocks([GIB, 18]), tracker, PAGES, 4 * GIB)
    expect(preserve.sample).toBeGreaterThan(0)
    expect(preserve.steps).toBeGreaterThanOrEqual(1)
  })

  it('says nothing of what was never preserved', () => {
    expect(measure(createPageSet(12), 'v5', PAGES, GIB).preserve).toEqual({ steps: null, sample: 0 })
  })

  it('of gaps are in no block', () => {
    const set = run(0, 0, 2 ** 18)
    const gaps = sampleGaps(set, 2 * GIB, 50)
    expect(gaps.length).toBe(50)
    for (const address of gaps) expect(address).toBeGreaterThanOrEqual(GIB)
    expect(sampleGaps(set, GIB, 50)).toEqual([])
  })
})

const COUNTED = COMPARED.filter(name => name !== 'mem4')

describe('the worked scenarios', () => {
  const compare = (name: string) => {
    const text = readFileSync(join(ROOT, `fixtures/scenarios/${name}.yaml`), 'utf8')
    const scenario = parseScenario(text, name)
    const { kho } = simulate(scenario)
    const comparison = compareTrackers(kho.preserved, kho.geometry, scenario.machine.ram)
    const row = (tracker: TrackerName) => comparison.rows.find(entry => entry.tracker === tracker)!.cost!
    return { comparison, row }
  }

  it('16 GiB of 4K pages', () => {
    const { comparison, row } = compare('16g-of-4k-pages')
    expect(comparison.rows.map(({ tracker }) => tracker)).toEqual(COMPARED)
    for (const name of COUNTED)
      expect(row(name)).toMatchObject({ how: 'counted', losses: [], blocks: 4194306 })
    expect(row('mem4').readBack.reservations).toBe(3)
    // A leaf for each 128 MiB, and the tables above.
    expect(row('mail-table').atRest.bytes).toBeGreaterThanOrEqual(512 * 1024)
  })

  it('the figures of the mails, to the byte, in the terms of v5', () => {
    const pages = compare('v5-16g-of-4k-pages')
    expect(pages.comparison.set.blocks).toBe((16 * GIB) / 4096)
    expect(pages.row('v5').atRest.bytes).toBe(512 * 1024)
    expect(pages.row('v5').units[0]).toMatchObject({ bytes: 512, covers: 16 * 2 ** 20 })
    expect(pages.row('mail-table').peakBytes).toBe(524 * 1024)
    const gigantic = compare('v5-1t-of-1g-pages')
    expect(gigantic.row('v5').atRest.bytes).toBe(512)
  })

  it('1 TiB of 1 GiB pages', () => {
    const { row } = compare('1t-of-1g-pages')
    expect(row('mail-table').atRest.bytes).toBeGreaterThan(32 * 2 ** 20)
    expect(row('v5-table').losses[0]).toContain('order 10')
    expect(row('kho-v4').atRest.bytes).toBeLessThan(64 * 1024)
    expect(row('kho-v4').losses).toEqual([])
  })

  it('a set that no order of a tracker can say is refused with the reason', () => {
    // Order 0, level 4: 2^54 bytes; this is the largest address there is.
    const far = blocks([2 ** 51, 0])
    const rows = compareTrackers(far, PAGES, []).rows
    for (const { refused, cost } of rows) expect((refused === null) !== (cost === null)).toBe(true)
    expect(rows.find(({ tracker }) => tracker === 'kho-v4')?.refused).toBeNull()
  })
})
