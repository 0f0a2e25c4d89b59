import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { geometry } from '../../../../formats/memory/geometry.js'
import { createMemoryBuilder } from '../../../../formats/memory/memory-builder.js'
import type { Range } from '../../../../formats/memory/range.js'
import { viewOf } from '../../../../formats/memory/u64.js'
import { CHUNK_WORDS } from '../../../../formats/trackers/chunk-list/shape.js'
import { levelShift, radixShape } from '../../../../formats/trackers/radix-tree/index.js'
import { readChunks } from '../../../../src/kernel/reader/chunks.js'
import { createReaderMemory } from '../../../../src/kernel/reader/memory.js'
import { readRadix } from '../../../../src/kernel/reader/radix.js'
import { bothSinks, type ReservationSink } from '../../../../src/kernel/reader/reserved.js'

const GEO = geometry(12)
const PAGE = 4096
/** What a machine has: struct pages up to here. */
const END = 2 ** 41
const RAM: Range[] = [{ start: 0, end: END }]

type Call = [address: number, size: number, kind: 'block' | 'odd']

/** Sees calls one by one, in their order, and the tracker's own pages. */
function listing() {
  const calls: Call[] = []
  const tracker: number[] = []
  const sink: ReservationSink = {
    blocks(order, first, words) {
      const size = 2 ** (order + 12)
      for (let bit = 0; bit < words.length * 32; bit++)
        if ((words[bit >>> 5]! >>> (bit & 31)) & 1) calls.push([(first + bit) * size, size, 'block'])
    },
    odd: (address, size) => calls.push([address, size, 'odd']),
    shifted: () => expect.unreachable(),
    tracker: address => tracker.push(address),
  }
  return { calls, tracker, sink }
}

function machine() {
  const builder = createMemoryBuilder({ geometry: GEO, ram: [{ start: 2 ** 20, end: 2 ** 24 }] })
  const page = () => {
    const made = builder.allocate(1)
    return { address: made.address, view: viewOf(made.bytes), bytes: made.bytes }
  }
  const read = (
    walk: (memory: ReturnType<typeof createReaderMemory>, sink: ReservationSink) => void,
    ram = RAM,
  ) => {
    const memory = createReaderMemory(builder.memory(), GEO, ram, false)
    const { calls, tracker, sink } = listing()
    const again = listing()
    walk(memory, bothSinks(sink, again.sink))
    expect([again.calls, again.tracker]).toEqual([calls, tracker])
    return { calls, tracker, stop: memory.stopped(), memory }
  }
  return { page, read }
}

/** Calls up to and with the first whose address has no page: it is reserved before that is found out. */
function upToFault(calls: readonly Call[]): { calls: Call[]; fault: number | null } {
  const at = calls.findIndex(([address]) => address >= END)
  return at < 0 ? { calls: [...calls], fault: null } : { calls: calls.slice(0, at + 1), fault: calls[at]![0] }
}

/** A call as a block where an order has one of that address and size; others are kept by themselves. */
const callOf = (address: number, size: number, order: number): Call => {
  const isBlock = order >= 0 && order < 40 && size === 2 ** (order + 12) && address % size === 0
  return [address, size, isBlock ? 'block' : 'odd']
}

/** 1 << shift, as an int that is taken for a u64. */
const int = (shift: number) => Number(BigInt.asUintN(64, BigInt(1 << (shift & 31))))

describe('the walk of a radix tree', () => {
  const shape = radixShape(GEO)

  /** A tree of one leaf, by the slots from its root down. */
  function treeOf(slots: readonly number[], bits: readonly number[]) {
    const made = machine()
    const pages = [...slots.map(() => made.page()), made.page()]
    for (const [n, slot] of slots.entries()) {
      pages[n]!.view.setBigUint64(slot * 8, BigInt(pages[n + 1]!.address), true)
    }
    for (const bit of bits) pages.at(-1)!.bytes[bit >> 3]! |= 1 << (bit & 7)
    return { ...made, root: pages[0]!.address, pages }
  }

  /** The way to the leaf of the first blocks of an order. */
  const slotsOf = (order: number) => {
    const key = 1n << BigInt(shape.order0 - order)
    return [5, 4, 3, 2, 1].map(level => Number((key >> BigInt(levelShift(shape, level))) & 511n))
  }
  const slot = fc.oneof(fc.constantFrom(0, 1, 2, 511), fc.nat(511))
  const slots = fc.oneof(
    fc.tuple(fc.constantFrom(0, 1), slot, slot, slot, slot),
    // Those of keys that kernels write have one bit above the block's number.
    fc.nat(20).map(order => slotsOf(order)),
  )
  const bits = fc.uniqueArray(fc.oneof(fc.nat(40), fc.nat(32_767), fc.constant(32_767)), { maxLength: 5 })

  it.each([false, true])('decodes keys as kho_radix_decode_key() does, sizes as ints: %s', intSize => {
    fc.assert(
      fc.property(slots, bits, (path, set) => {
        const { read, root, pages } = treeOf(path, set)
        const prefix = path.reduce((key, at, n) => key | (BigInt(at) << BigInt(levelShift(shape, 5 - n))), 0n)
        const expected = [...set]
          .sort((a, b) => a - b)
          .map((bit): Call => {
            const key = BigInt.asUintN(64, prefix | BigInt(bit))
            const fls = key === 0n ? 0 : key.toString(2).length
            const shift = (((shape.order0 - fls + 1 + 12) % 64) + 64) % 64
            const address = Number(BigInt.asUintN(64, key << BigInt(shift)))
            return callOf(
              address,
              intSize ? int(shape.order0 - fls + 13) : 2 ** shift,
              shape.order0 - fls + 1,
            )
          })
        const { calls, tracker, stop } = read((memory, sink) =>
          readRadix(memory, root, GEO, shape, intSize, sink),
        )
        const { calls: wanted, fault } = upToFault(expected)
        expect(calls).toEqual(wanted)
        expect(stop && [stop.kind, stop.address]).toEqual(fault === null ? null : ['oops', fault])
        expect(tracker).toEqual(pages.map(({ address }) => address))
      }),
      { numRuns: 60 },
    )
  })

  it('goes from slot to slot, and ends where it comes to what is no memory', () => {
    const { read, root, pages, page } = treeOf(slotsOf(0), [4])
    const [table, other] = [pages[4]!, page()]
    other.bytes[0] = 2
    table.view.setBigUint64(511 * 8, BigInt(other.address), true)
    const walk = () => read((memory, sink) => readRadix(memory, root, GEO, shape, false, sink))
    expect(walk()).toMatchObject({ stop: null, tracker: [...pages, other].map(({ address }) => address) })
    expect(walk().calls).toHaveLength(2)
    table.view.setBigUint64(5 * 8, BigInt(END), true)
    expect(walk()).toMatchObject({ stop: { kind: 'oops', address: END } })
    expect(walk().calls).toHaveLength(1)
    table.view.setBigUint64(0, 2n ** 40n, true)
    expect(walk()).toMatchObject({ stop: { kind: 'unknown', address: 2 ** 40 }, calls: [] })
  })

  it('faults on what early boot has put in place of a table, and of a leaf whose bits are of no block', () => {
    const { read, root, pages } = treeOf(slotsOf(0), [4])
    const lost = (n: number) =>
      read((memory, sink) => {
        memory.take({ start: pages[n]!.address, end: pages[n]!.address + PAGE })
        readRadix(memory, root, GEO, shape, false, sink)
      })
    for (let n = 0; n < 5; n++) {
      expect(lost(n)).toMatchObject({ stop: { kind: 'oops', address: pages[n]!.address }, calls: [] })
      expect(lost(n).tracker).toHaveLength(n)
    }
    // What a leaf of good keys has in place of its bits are blocks all the same.
    expect(lost(5)).toMatchObject({ stop: null, calls: [[4 * PAGE, PAGE, 'block']] })
    const bad = treeOf([0, 0, 0, 0, 0], [4])
    const taken = bad.read((memory, sink) => {
      memory.take({ start: bad.pages[5]!.address, end: bad.pages[5]!.address + PAGE })
      readRadix(memory, bad.root, GEO, shape, false, sink)
    })
    expect(taken).toMatchObject({
      stop: { kind: 'oops', message: expect.stringContaining('by now other things are there') },
      calls: [],
    })
  })

  it('goes no further than where it stops, from any depth', () => {
    const { read, root, pages, page } = treeOf(slotsOf(0), [4])
    const far = page()
    far.bytes[0] = 1
    // In the slots behind: a leaf that is there, behind one that is no RAM.
    pages[4]!.view.setBigUint64(8, BigInt(END), true)
    pages[4]!.view.setBigUint64(16, BigInt(far.address), true)
    for (const n of [1, 2, 3]) pages[n]!.view.setBigUint64(511 * 8, BigInt(pages[n + 1]!.address), true)
    const { stop, calls, tracker } = read((memory, sink) => readRadix(memory, root, GEO, shape, false, sink))
    expect([stop!.address, calls]).toEqual([END, [[4 * PAGE, PAGE, 'block']]])
    expect(tracker).toEqual(pages.map(({ address }) => address))
  })

  it('never ends where a table leads to itself from every slot', () => {
    const { read, root, pages } = treeOf([0, 0, 0, 0, 0], [])
    for (const { view } of pages.slice(0, 5))
      for (let n = 0; n < 512; n++) view.setBigUint64(n * 8, BigInt(root), true)
    expect(read((memory, sink) => readRadix(memory, root, GEO, shape, false, sink)).stop).not.toBeNull()
  })
})

describe('the walk of a list of chunks', () => {
  interface Entry {
    start: bigint
    bits: readonly number[]
  }
  /** A list with chunks of these orders. */
  function listOf(chunks: readonly { order: number; entries: readonly Entry[] }[], bitmapBytes: number) {
    const made = machine()
    const pages = chunks.map(() => made.page())
    for (const [n, { order, entries }] of chunks.entries()) {
      const { view } = pages[n]!
      view.setBigUint64(CHUNK_WORDS.next, BigInt(pages[n + 1]?.address ?? 0), true)
      view.setUint32(CHUNK_WORDS.order, order, true)
      view.setUint32(CHUNK_WORDS.count, entries.length, true)
      for (const [at, { start, bits }] of entries.entries()) {
        const bitmap = made.page()
        for (const bit of bits) bitmap.bytes[bit >> 3]! |= 1 << (bit & 7)
        view.setBigUint64(16 + at * 16, start, true)
        view.setBigUint64(24 + at * 16, BigInt(bitmap.address), true)
      }
    }
    const walk = (ram?: Range[]) =>
      made.read((memory, sink) => readChunks(memory, pages[0]?.address ?? 0, GEO, bitmapBytes, sink), ram)
    return { ...made, pages, walk }
  }

  const entry = (most: number) =>
    fc.record({
      start: fc.oneof(
        fc.nat(1000).map(n => BigInt(n) << 27n),
        fc.nat(2 ** 20).map(n => BigInt(n) << 12n),
        fc.constantFrom(1n, 2n ** 41n - 4096n, 2n ** 52n, 2n ** 63n, 2n ** 64n - 1n),
      ),
      bits: fc.uniqueArray(fc.oneof(fc.nat(40), fc.nat(most - 1), fc.constant(most - 1)), { maxLength: 4 }),
    })
  const order = fc.oneof(fc.nat(10), fc.constantFrom(17, 18, 19, 20, 29, 30, 39, 51, 52, 64, 2 ** 32 - 1))

  it.each([512, 4096])('reserves what deserialize_bitmap() does, with bitmaps of %i bytes', bitmapBytes => {
    const chunk = fc.record({ order, entries: fc.array(entry(bitmapBytes * 8), { maxLength: 3 }) })
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 3 }), chunks => {
        const { walk, pages } = listOf(chunks, bitmapBytes)
        const expected = chunks.flatMap(({ order: of, entries }) =>
          entries.flatMap(({ start, bits }) =>
            [...bits]
              .sort((a, b) => a - b)
              .map((bit): Call => {
                const shift = BigInt((of + 12) % 64)
                const address = Number(BigInt.asUintN(64, start + (BigInt(bit) << shift)))
                const isBlock = of + 12 < 31 && start % 2n ** shift === 0n && start < 2n ** 52n
                return [address, int(of + 12), isBlock ? 'block' : 'odd']
              }),
          ),
        )
        const { calls, tracker, stop } = walk()
        const { calls: wanted, fault } = upToFault(expected)
        expect(calls).toEqual(wanted)
        expect(stop && [stop.kind, stop.address]).toEqual(fault === null ? null : ['oops', fault])
        if (fault === null) expect(tracker).toEqual(pages.map(({ address }) => address))
      }),
      { numRuns: 60 },
    )
  })

  it('faults on a chunk that early boot has overwritten, and on a bitmap of no blocks', () => {
    const one = (start: bigint) => ({ start, bits: [1] })
    const { read, pages } = listOf(
      [
        { order: 0, entries: [one(0n)] },
        { order: 0, entries: [one(1n)] },
      ],
      PAGE,
    )
    const lost = (at: number) =>
      read((memory, sink) => {
        memory.take({ start: at, end: at + PAGE })
        readChunks(memory, pages[0]!.address, GEO, PAGE, sink)
      })
    expect(lost(pages[0]!.address)).toMatchObject({
      stop: { address: pages[0]!.address },
      calls: [],
      tracker: [],
    })
    expect(lost(pages[1]!.address)).toMatchObject({ stop: { address: pages[1]!.address } })
    expect(lost(pages[1]!.address).calls).toHaveLength(1)
    const bitmapOf = (n: number) => Number(pages[n]!.view.getBigUint64(24, true))
    expect(lost(bitmapOf(0))).toMatchObject({ stop: null })
    expect(lost(bitmapOf(1))).toMatchObject({ stop: { kind: 'oops', address: bitmapOf(1) } })
    expect(lost(bitmapOf(1)).calls).toHaveLength(1)
  })

  it('faults on an entry without a bitmap, and never ends where it comes back', () => {
    const one = { start: 0n, bits: [1] }
    const { walk, pages } = listOf(
      [
        { order: 0, entries: [one, one] },
        { order: 0, entries: [one] },
      ],
      PAGE,
    )
    expect(walk()).toMatchObject({ stop: null })
    expect(walk().calls).toHaveLength(3)
    pages[1]!.view.setBigUint64(CHUNK_WORDS.next, BigInt(pages[0]!.address), true)
    expect(walk().stop).toMatchObject({ kind: 'loop', address: pages[0]!.address })
    expect(walk().calls).toHaveLength(3)
    pages[0]!.view.setBigUint64(24 + 16, 0n, true)
    expect(walk()).toMatchObject({
      stop: { kind: 'oops', message: expect.stringContaining('NULL') },
      calls: [[PAGE, PAGE, 'block']],
    })
    pages[0]!.view.setBigUint64(24, BigInt(END), true)
    expect(walk()).toMatchObject({ stop: { kind: 'oops', address: END }, calls: [] })
    expect(listOf([], PAGE).walk()).toMatchObject({ stop: null, calls: [], tracker: [] })
  })
})
