import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { geometry, type PageShift } from '../../../formats/memory/geometry.js'
import { createMemoryBuilder } from '../../../formats/memory/memory-builder.js'
import { presentRanges } from '../../../formats/memory/physical-memory.js'
import { mergeRanges, rangesCover, rangesTouch } from '../../../formats/memory/range.js'

const PAGE = 4096
const pages = (first: number, end: number) => ({ start: first * PAGE, end: end * PAGE })
const build = (ram: readonly { start: number; end: number }[], more = {}) =>
  createMemoryBuilder({ geometry: geometry(12), ram, ...more })

describe('a memory builder', () => {
  it('places every allocation in RAM, aligned, outside scratch, reserves and what is preserved, and never twice', () => {
    const shift = fc.constantFrom<PageShift>(12, 14)
    const spans = fc.array(fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 30 })), { maxLength: 3 })
    const asks = fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.constantFrom(undefined, 1, 2, 8)), {
      maxLength: 12,
    })
    fc.assert(
      fc.property(shift, spans, spans, spans, fc.nat(), asks, (pageShift, ram, scratch, held, seed, list) => {
        const size = 2 ** pageShift
        const at = (spans: [number, number][]) =>
          mergeRanges(spans.map(([first, count]) => ({ start: first * size, end: (first + count) * size })))
        const room = at([[100, 80], ...ram])
        const closed = at([...scratch, ...held])
        const preserved = (page: number) => page % (7 * size) === 0
        const builder = createMemoryBuilder({
          geometry: geometry(pageShift),
          ram: room,
          scratch: at(scratch),
          seed,
          skipPreserved: address => (preserved(address) ? address + size : address),
        })
        for (const { start, end } of at(held)) builder.reserve(start, end)
        const given: { start: number; end: number }[] = []
        let count = 0
        for (const [ask, align] of list) {
          let made: { address: number; bytes: Uint8Array }
          try {
            made = align === undefined ? builder.allocate(ask) : builder.allocate(ask, align)
          } catch {
            break
          }
          const range = { start: made.address, end: made.address + ask * size }
          const power = [1, 2, 4, 8].find(power => power >= ask)!
          expect(range.start % ((align ?? power) * size)).toBe(0)
          expect(made.bytes.length).toBe(ask * size)
          expect(range.start).toBeGreaterThan(0)
          expect(rangesCover(room, range.start, range.end)).toBe(true)
          expect(rangesTouch(closed, range.start, range.end)).toBe(false)
          expect(rangesTouch(mergeRanges(given), range.start, range.end)).toBe(false)
          for (let page = range.start; page < range.end; page += size) expect(preserved(page)).toBe(false)
          given.push(range)
          count += ask
        }
        expect(builder.allocated).toBe(count)
        expect(presentRanges(builder.memory())).toEqual(mergeRanges(given))
      }),
      { numRuns: 200 },
    )
  })

  it('takes the first place that fits behind the last one, then the first of all', () => {
    const builder = build([pages(0, 3), pages(10, 16)])
    const page = (count?: number, align?: number) => builder.allocate(count, align).address / PAGE
    // Page 0 is nobody's; three pages begin at a multiple of four, unless the caller says otherwise.
    expect([page(), page(3), page(2, 1), page()]).toEqual([1, 12, 10, 15])
    expect(page()).toBe(2)
    expect(() => builder.allocate()).toThrow('no 4096 free bytes in 0x0-0x3000, 0xa000-0x10000')
    expect(builder.allocated).toBe(8)
    builder.free(12 * PAGE, 2)
    expect(builder.allocated).toBe(6)
    expect(page(2)).toBe(12)
  })

  it('goes on behind what it placed last, and back to what was given back', () => {
    const builder = build([pages(0, 20)])
    const page = (count?: number) => builder.allocate(count).address / PAGE
    expect([page(), page(3), page(), page(4)]).toEqual([1, 4, 7, 8])
    builder.free(4 * PAGE, 3)
    expect([page(), page(), page()]).toEqual([4, 5, 6])
    // One page fewer than was asked for is no room, and what was not given back stays.
    builder.free(9 * PAGE, 2)
    expect([page(), page(), page()]).toEqual([9, 10, 12])
    expect(builder.segments().map(({ phys, bytes }) => [phys / PAGE, bytes.length / PAGE])).toEqual([
      [1, 1],
      [4, 9],
    ])
  })

  it('takes a reserve of nothing for nothing', () => {
    const builder = build([pages(4, 8)])
    builder.reserve(5 * PAGE, 5 * PAGE)
    builder.reserve(7 * PAGE, 6 * PAGE)
    expect(builder.allocate(4).address).toBe(4 * PAGE)
  })

  it('fills the last page of RAM, and passes exactly by what is closed', () => {
    const builder = build([pages(4, 10)], { scratch: [pages(5, 6)] })
    builder.reserve(7 * PAGE, 8 * PAGE)
    const found = [1, 2, 3, 4].map(() => builder.allocate().address / PAGE)
    expect(found).toEqual([4, 6, 8, 9])
    expect(() => builder.allocate()).toThrow(expect.objectContaining({ code: 'no-space' }))
  })

  it('keeps reserves apart and joins those that touch', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(30), fc.nat(6)), { maxLength: 12 }), list => {
        const builder = build([pages(1, 40)])
        const free = new Set(Array.from({ length: 39 }, (_, n) => n + 1))
        for (const [first, count] of list) {
          builder.reserve(first * PAGE, (first + count) * PAGE)
          for (let page = first; page < first + count; page++) free.delete(page)
        }
        const found = [...free].map(() => builder.allocate().address / PAGE)
        expect(found).toEqual([...free])
        expect(() => builder.allocate()).toThrow('free bytes')
      }),
    )
  })

  it('begins where the seed says, in the lower three quarters of RAM', () => {
    const first = (seed?: number) =>
      build([pages(8, 12), pages(100, 108)], { seed }).allocate().address / PAGE
    expect([first(), first(0)]).toEqual([8, 8])
    const found = Array.from({ length: 200 }, (_, seed) => first(seed))
    expect(found).toEqual(Array.from({ length: 200 }, (_, seed) => first(seed)))
    expect(new Set(found)).toEqual(new Set([8, 9, 10, 11, 100]))
    const wide = Array.from(
      { length: 200 },
      (_, seed) => build([pages(8, 1008)], { seed }).allocate().address / PAGE,
    )
    expect(Math.max(...wide)).toBeLessThan(8 + 750)
    expect(Math.max(...wide)).toBeGreaterThan(8 + 700)
    expect(() => build([]).allocate()).toThrow('free bytes')
  })

  it('puts objects of one size side by side in a page, each size in pages of its own', () => {
    const builder = build([pages(1, 9)])
    const objects = [2048, 1024, 2048, 2048].map(size => {
      const { address, bytes } = builder.allocateObject(size)
      bytes.fill(address / 1024)
      return [address, bytes.length]
    })
    expect(objects).toEqual([
      [0x1000, 2048],
      [0x2000, 1024],
      [0x1800, 2048],
      [0x3000, 2048],
    ])
    const read = builder.memory().read(0x1000, PAGE)
    expect(read.ok && [read.bytes[0], read.bytes[2047], read.bytes[2048], read.bytes[4095]]).toEqual([
      4, 4, 6, 6,
    ])
  })

  it('places pages where it is told to, over what is there', () => {
    const builder = build([pages(0, 16)])
    builder.place(2 * PAGE, 1).bytes.fill(7)
    const over = builder.place(PAGE, 3)
    expect([over.address, over.bytes[PAGE - 1], over.bytes[PAGE], over.bytes[2 * PAGE]]).toEqual([
      PAGE,
      0,
      7,
      0,
    ])
    over.bytes[PAGE] = 8
    const read = builder.memory().read(2 * PAGE, 2)
    expect(read.ok && [...read.bytes]).toEqual([8, 7])
    expect(() => builder.place(PAGE + 1, 1)).toThrow('0x1001 is not page aligned')
    expect(builder.allocate(2).address).toBe(4 * PAGE)
  })

  it('is read as a dump is: across pages, and with the reason where there is nothing', () => {
    const builder = build([pages(1, 20)])
    builder.place(30 * PAGE, 1).bytes.fill(30)
    builder.place(3 * PAGE, 1).bytes.fill(3)
    builder.place(2 * PAGE, 1).bytes.fill(2)
    const memory = builder.memory()
    const across = memory.read(3 * PAGE - 2, 4)
    expect(across.ok && [...across.bytes]).toEqual([2, 2, 3, 3])
    const whole = memory.read(2 * PAGE, 2 * PAGE)
    expect(whole.ok && [whole.bytes[PAGE - 1], whole.bytes[PAGE], whole.bytes.length]).toEqual([
      2,
      3,
      2 * PAGE,
    ])
    // What lies within a page is no copy.
    const view = memory.read(3 * PAGE - 8, 8)
    expect(view.ok && view.bytes.buffer).toBe(
      whole.ok && (memory.read(2 * PAGE, PAGE) as { bytes: Uint8Array }).bytes.buffer,
    )
    expect(view.ok && [view.bytes.length, view.bytes[0], view.offset]).toEqual([8, 2, null])
    expect(memory.read(4 * PAGE - 8, 9)).toEqual({ ok: false, reason: 'excluded', address: 4 * PAGE })
    expect(memory.read(20 * PAGE, 1)).toEqual({ ok: false, reason: 'outside', address: 20 * PAGE })
    expect(memory.read(20 * PAGE - 1, 1)).toEqual({ ok: false, reason: 'excluded', address: 20 * PAGE - 1 })
    for (const [at, length] of [
      [-1, 1],
      [0, -1],
      [2 ** 53, 1],
      [0.5, 1],
      [0, 0.5],
    ] as const)
      expect(() => memory.read(at, length)).toThrow(`read of ${length} bytes at physical address ${at}`)
    expect(memory.inputSize).toBe(3 * PAGE)
    expect([...memory.blocks()].map(({ phys, bytes }) => [phys / PAGE, bytes[0]])).toEqual([
      [2, 2],
      [3, 3],
      [30, 30],
    ])
    expect(presentRanges(memory)).toEqual([pages(2, 4), pages(30, 31)])
    expect(
      builder.segments().map(({ phys, bytes }) => [phys / PAGE, bytes.length, bytes[0], bytes.at(-1)]),
    ).toEqual([
      [2, 2 * PAGE, 2, 3],
      [30, PAGE, 30, 30],
    ])
  })
})

describe('the memory that a dump has', () => {
  it('is what its blocks say, in whatever order they come, unless it can be told without a pass', () => {
    const block = (phys: number) => ({ phys, bytes: new Uint8Array(8), offset: null })
    const memory = {
      ranges: [],
      inputSize: 0,
      read: (_: number, length: number) => ({
        ok: true as const,
        bytes: new Uint8Array(length),
        offset: null,
      }),
      blocks: () => [16, 24, 0, 40, 8].map(block),
    }
    expect(presentRanges(memory)).toEqual([
      { start: 0, end: 32 },
      { start: 40, end: 48 },
    ])
    const told = [{ start: 1, end: 2 }]
    expect(presentRanges({ ...memory, present: () => told })).toEqual(told)
  })
})

describe('pages that a builder is given', () => {
  const RAM = [pages(1, 40)]
  const filled = (value: number, count = 1) => new Uint8Array(count * PAGE).fill(value)

  it('are not copied, and shared by whoever is given the same', () => {
    const builder = build(RAM)
    const bytes = filled(7)
    const [one, other] = [builder.adopt(bytes)!, builder.adopt(bytes)!]
    expect([one / PAGE, other / PAGE, builder.allocated]).toEqual([1, 2, 2])
    for (const address of [one, other]) {
      const read = builder.memory().read(address, PAGE)
      expect(read.ok && read.bytes).toBe(bytes)
    }
  })

  it('are a page of their own for who writes to one', () => {
    const builder = build(RAM)
    const bytes = filled(7)
    const [one, other] = [builder.adopt(bytes)!, builder.adopt(bytes)!]
    builder.place(one, 1).bytes[0] = 1
    builder.place(one, 1).bytes[1] = 2
    expect(bytes).toEqual(filled(7))
    const read = (address: number) => {
      const found = builder.memory().read(address, 3)
      return found.ok ? [...found.bytes] : []
    }
    expect([read(one), read(other)]).toEqual([
      [1, 2, 7],
      [7, 7, 7],
    ])
    // Also where two of them lie one behind the other in what was given.
    const both = filled(9, 2)
    const first = builder.adopt(both.subarray(0, PAGE))!
    builder.adopt(both.subarray(PAGE))
    builder.place(first, 2).bytes.fill(3)
    expect(both).toEqual(filled(9, 2))
  })

  it('hold objects, where those of that size have not begun a page', () => {
    const builder = build(RAM)
    expect(builder.adopt(filled(7), 512)).toBe(PAGE)
    // The page is full: the next object has one of its own.
    expect(builder.allocateSlot(512)).toBe(2 * PAGE)
    expect(builder.adopt(filled(7), 512)).toBeNull()
    expect(builder.adopt(filled(7), 256)).toBe(3 * PAGE)
    for (let n = 1; n < 8; n++) expect(builder.allocateObject(512).address).toBe(2 * PAGE + n * 512)
    expect(builder.adopt(filled(7), 512)).toBe(4 * PAGE)
  })

  it('are given back as they are, in pieces, and merged in copies', () => {
    const builder = build(RAM)
    const bytes = filled(7, 3)
    builder.allocate(2).bytes.fill(1)
    builder.adopt(bytes.subarray(0, PAGE))
    builder.adopt(bytes.subarray(PAGE, 2 * PAGE))
    builder.adopt(bytes.subarray(0, PAGE))
    const placed = builder.extents().map(({ phys, bytes }) => [phys / PAGE, bytes.length / PAGE, bytes[0]])
    expect(placed).toEqual([
      [2, 2, 1],
      [4, 2, 7],
      [6, 1, 7],
    ])
    expect(builder.extents()[1]!.bytes.buffer).toBe(bytes.buffer)
    const [segment, ...more] = builder.segments()
    expect([segment!.phys, more.length]).toEqual([2 * PAGE, 0])
    expect(segment!.bytes).toEqual(new Uint8Array([...filled(1, 2), ...filled(7, 3)]))
    segment!.bytes.fill(0)
    expect(bytes).toEqual(filled(7, 3))
  })
})
