import { describe, expect, it } from 'vitest'
import { buildFdt, nativeU64Bytes, parseFdt } from '../../../formats/fdt/index.js'
import { type AbiName, abiOf, encoderOf, trackerOptions } from '../../../formats/kernels/index.js'
import { geometry } from '../../../formats/memory/geometry.js'
import { createMemoryBuilder } from '../../../formats/memory/memory-builder.js'
import { addBitmap, addRun, createPageSet } from '../../../formats/pages/page-set.js'
import { listBlocks, listRanges } from '../../../formats/pages/runs.js'
import { trackerOf } from '../../../formats/trackers/index.js'

const GEO = geometry(12)

describe('where a root names its tracker', () => {
  const place = { node: null, property: 'map' }
  const fdtOf = (value: Uint8Array, node: string | null = null) => {
    const properties = [{ name: 'map', value }]
    return parseFdt(buildFdt(node === null ? { properties } : { children: [{ name: node, properties }] }))
      .root
  }
  it('is a u64, or as many as the format has', () => {
    const one = (value: Uint8Array) => trackerOf('radix-tree').locate(fdtOf(value), place)?.addresses ?? null
    const more = (value: Uint8Array) => trackerOf('page-table').locate(fdtOf(value), place)?.addresses ?? null
    expect([8, 4, 0, 16].map(length => one(new Uint8Array(length)))).toEqual([[0], null, null, null])
    expect([8, 4, 0, 16, 12].map(length => more(new Uint8Array(length)))).toEqual([
      [0],
      null,
      null,
      [0, 0],
      null,
    ])
    expect(more(nativeU64Bytes(0x10000n, 0x20000n))).toEqual([0x10000, 0x20000])
  })

  it('is a property of the root or of a child', () => {
    const value = nativeU64Bytes(0x10000n)
    const locate = (from: string | null, node: string | null) =>
      trackerOf('chunk-list').locate(fdtOf(value, from), { node, property: 'map' })?.addresses[0] ?? null
    expect([locate(null, null), locate('m', 'm'), locate(null, 'm'), locate('m', null)]).toEqual([
      0x10000,
      0x10000,
      null,
      null,
    ])
    const { attach } = trackerOf('chunk-list').encoder
    expect(attach({ addresses: [] }, place)).toEqual({
      properties: [{ name: 'map', value: new Uint8Array(8) }],
      children: [],
    })
    expect(attach({ addresses: [0x10000] }, { node: 'm', property: 'map' })).toEqual({
      properties: [],
      children: [{ name: 'm', properties: [{ name: 'map', value }] }],
    })
  })
})

describe('what a writer costs', () => {
  const cost = (abi: AbiName, ...blocks: [number, number][]) => {
    const builder = createMemoryBuilder({ geometry: GEO, ram: [{ start: 0, end: 2 ** 32 }] })
    const writer = encoderOf(abi).createWriter(builder, trackerOptions(abi, GEO))
    for (const [address, order] of blocks) writer.preserve(address, order)
    const { allocations, bytesAtRest, indexBytes, steps } = writer.counts
    writer.finish()
    const { finalizeBytes, copiedBytes } = writer.counts
    return {
      rest: [allocations, bytesAtRest, indexBytes, steps],
      finalize: [writer.counts.allocations - allocations, finalizeBytes, copiedBytes],
    }
  }
  it.each<[AbiName, [number, number][], number[], number[]]>([
    // A root, four tables, a leaf; five slots a call.
    [
      'kho-v4',
      [
        [0x5000, 0],
        [0x6000, 0],
      ],
      [6, 6 * 4096, 0, 10],
      [0, 0, 0],
    ],
    // For each order a kho_mem_phys of 16 bytes; for each bitmap a page; then a chunk for each order, 16 bytes a bitmap.
    [
      'kho-v1-page',
      [
        [0x5000, 0],
        [0x6000, 0],
      ],
      [2, 4096, 16, 2],
      [1, 4096, 16],
    ],
    // Index 1 takes an xarray node of 576 bytes, order 9 another one.
    [
      'kho-v1-page',
      [
        [2 ** 27, 0],
        [0, 9],
      ],
      [6, 8192, 2 * 16 + 2 * 576, 1 + 1 + 1],
      [2, 8192, 32],
    ],
    ['kho-v1-512', [[0x5000, 0]], [2, 512, 16, 1], [1, 4096, 16]],
    // Four tables, and the descriptor of the top one in an xarray until it is written down.
    ['v5-table', [[0x5000, 0]], [5, 4 * 4096, 8, 1 + 3], [0, 0, 8]],
    [
      'v5-table',
      [
        [0x5000, 0],
        [0x6000, 0],
      ],
      [5, 4 * 4096, 8, 2 * (1 + 3)],
      [0, 0, 8],
    ],
    ['mail-table', [[0x5000, 0]], [4, 4 * 4096, 0, 3], [0, 0, 0]],
    [
      'ranges',
      [
        [0x5000, 0],
        [0x9000, 0],
      ],
      [0, 0, 0, 2],
      [2, 8192, 48],
    ],
    ['array', [[0x5000, 0]], [2, 512, 16, 1], [0, 32 + 4096, 8]],
  ])('%s', (abi, blocks, rest, finalize) => {
    expect(cost(abi, ...blocks)).toEqual({ rest, finalize })
  })

  it('writes lists in ascending order of orders and addresses, whatever order the calls came in, chunk after chunk', () => {
    for (const abi of ['kho-v1-512', 'kho-v1-page', 'array'] as const) {
      const options = trackerOptions(abi, GEO)
      const span = (options.bitmapBytes ?? 512) * 8 * 4096
      const builder = createMemoryBuilder({ geometry: GEO, ram: [{ start: 0, end: 2 ** 32 }] })
      const writer = encoderOf(abi).createWriter(builder, options)
      const spans = Array.from({ length: 520 }, (_, n) => n * span)
      for (const address of spans.toReversed()) writer.preserve(address, 0)
      for (const order of [9, 3]) writer.preserve(0, order)
      const root = writer.finish()
      const decode = trackerOf(abiOf(abi).tracker).decode(builder.memory(), root, options)
      const bitmaps = decode.nodes.filter(({ kind }) => kind === 'bitmap')
      expect(decode.faults).toEqual([])
      expect(bitmaps.map(({ order, start }) => [order, start])).toEqual([
        ...spans.map(start => [0, start]),
        [3, 0],
        [9, 0],
      ])
      // 255 entries a chunk, a chunk at least for each order; 510 a page of an array, and its header.
      const tables = decode.nodes.filter(
        ({ kind, size }) => kind === 'chunk' || (kind === 'array' && size === 4096),
      )
      expect(tables.length).toBe(abi === 'array' ? 2 : 5)
    }
  })

  it('sets the pages of a range in one bitmap and the next', () => {
    const pages = createPageSet(12)
    addRun(pages, 0, 32760, 20)
    const builder = createMemoryBuilder({ geometry: GEO, ram: [{ start: 0, end: 2 ** 32 }] })
    const writer = encoderOf('mail-table').createWriter(builder, { geometry: GEO })
    writer.preserveAll(pages)
    const decode = trackerOf('mail-table').decode(builder.memory(), writer.finish(), { geometry: GEO })
    expect(listRanges(decode.pages)).toEqual([{ start: 32760 * 4096, end: 32780 * 4096 }])
  })

  it.each(['kho-v4', 'kho-v1-page', 'kho-v1-512', 'v5-table', 'mail-table', 'array'] as const)(
    '%s makes of a whole set what it makes of its blocks one by one, and leaves the set as it is',
    abi => {
      const pages = createPageSet(12)
      // Three spans in one bitmap, and a bitmap with a part that is empty.
      addRun(pages, 0, 2 ** 20, 3 * 32768)
      addBitmap(pages, 0, 2 ** 21, new Uint32Array(1024).fill(1, 0, 800))
      const before = listRanges(pages)
      const make = (bulk: boolean) => {
        const builder = createMemoryBuilder({ geometry: GEO, ram: [{ start: 0, end: 2 ** 32 }] })
        const options = trackerOptions(abi, GEO)
        const writer = encoderOf(abi).createWriter(builder, options)
        if (bulk) writer.preserveAll(pages)
        else for (const { address, order } of listBlocks(pages)) writer.preserve(address, order)
        // Into bitmaps that are there, and the first of which is one with others.
        writer.unpreserve(2 ** 32, 0)
        writer.preserve(2 ** 33 + 4096, 0)
        const root = writer.finish()
        const { steps: _steps, ...counts } = writer.counts
        const { pages: read } = trackerOf(abiOf(abi).tracker).decode(builder.memory(), root, options)
        return { root, counts, ranges: listRanges(read), segments: builder.segments() }
      }
      expect(make(true)).toEqual(make(false))
      expect(listRanges(pages)).toEqual(before)
    },
  )

  it('takes back what was there, and says so where it was not', () => {
    for (const abi of [
      'kho-v4',
      'kho-v1-page',
      'v5-table',
      'mail-table',
      'ranges',
      'mem4',
      'array',
    ] as const) {
      const builder = createMemoryBuilder({ geometry: GEO, ram: [{ start: 0, end: 2 ** 32 }] })
      const writer = encoderOf(abi).createWriter(builder, trackerOptions(abi, GEO))
      writer.preserve(0x5000, 0)
      const before = builder.allocated
      expect(
        [0x5000, 0x5000, 0x6000, 2 ** 40].map(address => writer.unpreserve(address, 0)),
        abi,
      ).toEqual([true, false, false, false])
      // To look for a bit makes no table for it.
      expect(builder.allocated, abi).toBe(before)
    }
  })
})

describe('what a format cannot say', () => {
  it.each<[AbiName, 12 | 16, number, number, boolean]>([
    ['kho-v1-page', 12, 18, 0, true],
    ['kho-v1-page', 12, 19, 0, false],
    ['kho-v1-page', 16, 14, 0, true],
    ['kho-v1-page', 16, 15, 0, false],
    ['kho-v4', 12, 37, 0, true],
    ['kho-v4', 12, 38, 0, false],
    ['v5-table', 12, 10, 0, true],
    ['v5-table', 12, 11, 0, false],
  ])('%s, pages of 2^%i bytes: order %i, block %i: %s', (abi, shift, order, block, can) => {
    const pages = createPageSet(shift)
    addRun(pages, order, block, 1)
    expect(encoderOf(abi).refuse(pages, trackerOptions(abi, geometry(shift))) === null).toBe(can)
  })
})
