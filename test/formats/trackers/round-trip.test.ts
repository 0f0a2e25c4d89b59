import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildFdt, parseFdt } from '../../../formats/fdt/index.js'
import {
  ABIS,
  type AbiName,
  abiOf,
  encoderOf,
  locateTracker,
  trackerOptions,
} from '../../../formats/kernels/index.js'
import { geometry, type PageShift } from '../../../formats/memory/geometry.js'
import { createMemoryBuilder } from '../../../formats/memory/memory-builder.js'
import { addBlock, blockSize, createPageSet, type PageSet } from '../../../formats/pages/page-set.js'
import { listBlocks } from '../../../formats/pages/runs.js'
import { trackerOf } from '../../../formats/trackers/index.js'

const RAM = [{ start: 0, end: 2 ** 42 }]

/** Encodes a set, puts the root into an FDT, and reads it all back as a stranger would. */
function roundTrip(abi: AbiName, pages: PageSet, seed: number, bulk: boolean) {
  const options = trackerOptions(abi, geometry(pages.pageShift))
  const encoder = encoderOf(abi)
  const builder = createMemoryBuilder({ geometry: options.geometry, ram: RAM, seed })
  const writer = encoder.createWriter(builder, options)
  if (bulk) writer.preserveAll(pages)
  else for (const { address, order } of listBlocks(pages)) writer.preserve(address, order)
  const fdt = parseFdt(buildFdt({ ...encoder.attach(writer.finish()) }))
  const tracker = trackerOf(abiOf(abi).tracker)
  const root = locateTracker(abi, fdt.root)
  if (root === null) return { blocks: [], faults: [], nodes: 0, allocated: builder.allocated }
  const decode = tracker.decode(builder.memory(), root, options)
  return {
    blocks: listBlocks(decode.pages),
    faults: decode.faults,
    nodes: decode.nodes.length,
    allocated: builder.allocated,
  }
}

const shift = fc.constantFrom<PageShift>(12, 14, 16)
const blocks = (orders: number) =>
  fc.array(
    fc.record({
      order: fc.integer({ min: 0, max: orders }),
      block: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 2 ** 20 })),
    }),
    { maxLength: 40 },
  )

function build(pageShift: PageShift, list: { order: number; block: number }[]): PageSet {
  const set = createPageSet(pageShift)
  for (const { order, block } of list) addBlock(set, block * blockSize(set, order), order)
  return set
}

/** Highest order, of 14 and less, that a layout can say. */
function mostOrder(abi: AbiName): number {
  const says = (order: number) => {
    const block = build(12, [{ order, block: 1 }])
    return encoderOf(abi).refuse(block, trackerOptions(abi, geometry(12))) === null
  }
  return Array.from({ length: 15 }, (_, n) => 14 - n).find(says)!
}

/** With 16K pages these lose an order: they have tests of their own. */
const SHALLOW: readonly AbiName[] = ['kho-v2', 'radix-rfc2']
const EVERY = ABIS.map(({ name }) => name)
  .filter(name => !SHALLOW.includes(name))
  .map((name): [AbiName, number] => [name, mostOrder(name)])

it('takes every layout of the table, with the orders that it knows', () => {
  expect(EVERY.filter(([, order]) => order === 0).map(([name]) => name)).toEqual([
    'ranges',
    'mail-table',
    'mem4',
    'graf',
  ])
  expect(EVERY.length).toBe(ABIS.length - SHALLOW.length)
})

describe.each(EVERY)('%s', (abi, orders) => {
  it('decodes what it encodes, for any set and page size, whole or call by call', () => {
    fc.assert(
      fc.property(shift, blocks(orders), fc.nat(), fc.boolean(), (pageShift, list, seed, bulk) => {
        const pages = build(pageShift, list)
        const { blocks, faults } = roundTrip(abi, pages, seed, bulk)
        expect(faults).toEqual([])
        expect(blocks).toEqual(listBlocks(pages))
      }),
      { numRuns: 60 },
    )
  })

  it('takes back a block that was preserved, and only that', () => {
    const options = trackerOptions(abi, geometry(12))
    const builder = createMemoryBuilder({ geometry: options.geometry, ram: RAM })
    const writer = encoderOf(abi).createWriter(builder, options)
    writer.preserve(0x5000, 0)
    writer.preserve(0x6000, 0)
    expect(writer.unpreserve(0x5000, 0)).toBe(true)
    const tracker = trackerOf(abiOf(abi).tracker)
    const fdt = parseFdt(buildFdt({ ...encoderOf(abi).attach(writer.finish()) }))
    const decode = tracker.decode(builder.memory(), locateTracker(abi, fdt.root)!, options)
    expect(listBlocks(decode.pages)).toEqual([{ address: 0x6000, order: 0 }])
  })
})

describe.each(SHALLOW)('%s', abi => {
  it('is kho-v3 with 4K and 64K pages', () => {
    fc.assert(
      fc.property(fc.constantFrom<PageShift>(12, 16), blocks(14), (pageShift, list) => {
        const pages = build(pageShift, list)
        expect(roundTrip(abi, pages, 0, true)).toEqual(roundTrip('kho-v3', pages, 0, true))
      }),
      { numRuns: 30 },
    )
  })

  it('with 16K pages loses the order bit of order 0, which the reader says and repairs', () => {
    fc.assert(
      fc.property(blocks(14), list => {
        const pages = build(14, list)
        const { blocks, faults } = roundTrip(abi, pages, 0, true)
        expect(blocks).toEqual(listBlocks(pages))
        const bare = listBlocks(pages).some(block => block.order === 0)
        expect(faults.map(fault => fault.code)).toEqual(
          bare ? expect.arrayContaining(['RADIX-DEPTH-16K']) : [],
        )
      }),
      { numRuns: 60 },
    )
  })
})

describe('what a format cannot say', () => {
  const one = (order: number) => build(12, [{ order, block: 1 }])
  it.each<[AbiName, number, RegExp]>([
    ['mem4', 1, /know no orders/],
    ['v5-table', 11, /orders 0 to 10/],
    ['mail-table', 1, /knows no orders/],
    ['ranges', 1, /know no orders/],
    ['kho-v1-page', 19, /in an int/],
    ['kho-v4', 38, /no key/],
  ])('%s refuses order %i', (abi, order, why) => {
    const options = trackerOptions(abi, geometry(12))
    expect(encoderOf(abi).refuse(one(order), options)).toMatch(why)
    expect(encoderOf(abi).refuse(one(0), options)).toBeNull()
  })
})
