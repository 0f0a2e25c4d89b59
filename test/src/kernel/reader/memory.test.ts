import { describe, expect, it } from 'vitest'
import { readingKernel } from '../../../../formats/kernels/index.js'
import { geometry } from '../../../../formats/memory/geometry.js'
import { createMemoryBuilder } from '../../../../formats/memory/memory-builder.js'
import { addBlock, hasBlock } from '../../../../formats/pages/page-set.js'
import { createReaderMemory, Halt, pointerAt } from '../../../../src/kernel/reader/memory.js'
import { createReserved, keepIn, markerAt } from '../../../../src/kernel/reader/reserved.js'
import { createRestorer } from '../../../../src/kernel/reader/restore.js'
import { EMPTY } from '../../diff/states.js'

describe('memory sections of a reading kernel', () => {
  // SECTION_SIZE_BITS: 27 with 4K and 16K pages, 29 with 64K.
  it.each([
    [12, 2 ** 27],
    [14, 2 ** 27],
    [16, 2 ** 29],
  ] as const)('with %i-bit pages', (shift, section) => {
    const ram = [{ start: section + 0x10000, end: section + 0x20000 }]
    const memory = createReaderMemory(EMPTY, geometry(shift), ram, false)
    expect(memory.pages(section, 2 * section)).toBe(true)
    expect(memory.pages(section - 1, section + 1)).toBe(false)
    expect(memory.pages(section, 2 * section + 1)).toBe(false)
    expect(memory.page(2 * section - 1)).toBe(true)
    expect(memory.stopped()).toBeNull()
    expect(memory.page(2 * section)).toBe(false)
    expect(memory.stopped()).toMatchObject({ kind: 'oops', address: 2 * section })
    expect(memory.page(section)).toBe(false)
  })
})

it('takes what is no physical address for no RAM, whatever a scratch array says', () => {
  const memory = createReaderMemory(EMPTY, geometry(12), [{ start: 0, end: 2 ** 30 }], false)
  expect(memory.isRam(0x1000)).toBe(true)
  expect(memory.isRam(2 ** 30)).toBe(false)
  expect(memory.isRam(2 ** 62)).toBe(false)
})

describe('what a booting kernel meets', () => {
  const PAGE = 4096
  const RAM = [{ start: 0x10000, end: 0x40000 }]
  /** Of RAM the first 0x8000 bytes are in the dump. */
  const made = (
    absentIsZero = false,
    ram: { start: number; end: number }[] | null = RAM,
    standIns: number | null = null,
  ) => {
    const builder = createMemoryBuilder({ geometry: geometry(12), ram: [{ start: 0x10000, end: 0x18000 }] })
    const pages = builder.allocate(8)
    pages.bytes.forEach((_, at) => {
      pages.bytes[at] = at % 251
    })
    return createReaderMemory(builder.memory(), geometry(12), ram, absentIsZero, standIns)
  }
  const stopOf = (work: () => unknown) => {
    try {
      work()
    } catch (error) {
      if (error instanceof Halt) return [error.stop.kind, error.stop.message, error.stop.address]
      throw error
    }
    return null
  }

  it('is bytes, what the dump lacks, or no RAM at all', () => {
    const memory = made()
    expect([...memory.read(0x10005, 3)]).toEqual([5, 6, 7])
    expect(stopOf(() => memory.read(0x17ffc, 8))).toEqual([
      'unknown',
      '0x17ffc decides, and is not in the dump',
      0x17ffc,
    ])
    expect(stopOf(() => memory.read(0x20000, 8))).toEqual([
      'unknown',
      '0x20000 decides, and is not in the dump',
      0x20000,
    ])
    expect(stopOf(() => memory.read(0x40000, 8))).toEqual([
      'oops',
      'access to 0x40000, which is no RAM',
      0x40000,
    ])
    expect(stopOf(() => memory.read(0x3fffc, 8))).toEqual([
      'oops',
      'access to 0x3fffc, which is no RAM',
      0x3fffc,
    ])
    expect(stopOf(() => memory.read(0x3fff8, 8))![0]).toBe('unknown')
    expect(stopOf(() => memory.read(-8, 8))).toEqual(['oops', 'access below all memory', null])
    expect(stopOf(() => memory.read(2 ** 60, 8))![0]).toBe('oops')
    expect(memory.stopped()).toBeNull()
    expect([
      memory.has(0x10000, 8),
      memory.has(0x17ffc, 8),
      memory.has(-8, 8),
      memory.has(2 ** 60, 1),
    ]).toEqual([true, false, false, false])
    expect([0x10000, 0x20000, 0x3ffff, 0x40000, -1, 2 ** 60].map(memory.isRam)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ])
    expect(memory.ram()).toBe(RAM)
    expect(memory.present()).toEqual([{ start: 0x10000, end: 0x18000 }])
  })

  it('is zeros where that is said, which is taken for granted', () => {
    const memory = made(true)
    memory.read(0x10000, 8)
    expect(memory.assumptions.size).toBe(0)
    expect([...memory.read(0x17ffe, 4)].slice(2)).toEqual([0, 0])
    expect([...memory.assumptions]).toEqual(['memory that the dump lacks reads as zero'])
    expect(memory.contents(0x20000, 2)).toEqual(new Uint8Array(2))
    expect(stopOf(() => memory.read(0x40000, 1))![0]).toBe('oops')
  })

  it('stops a walk once, with the first reason', () => {
    const memory = made()
    expect(memory.load(0x10000, 2)).toEqual(Uint8Array.of(0, 1))
    expect(memory.load(0x20000, 2)).toBeNull()
    expect(memory.stopped()).toMatchObject({ kind: 'unknown', address: 0x20000 })
    expect(memory.load(0x10000, 2)).toBeNull()
    expect(memory.load(0x50000, 2)).toBeNull()
    memory.stop({ kind: 'loop', message: 'another', address: null })
    expect(memory.stopped()).toMatchObject({ kind: 'unknown', address: 0x20000 })
  })

  it('are contents that nobody reads: absent ones are no reason to stop', () => {
    const memory = made()
    expect(memory.contents(0x10001, 2)).toEqual(Uint8Array.of(1, 2))
    expect(memory.contents(0x20000, 2)).toBeNull()
    expect(stopOf(() => memory.contents(0x40000, 2))![0]).toBe('oops')
    expect([...memory.touched]).toEqual([])
    memory.read(0x10ffe, 4)
    expect([...memory.touched]).toEqual([0x10000, 0x11000])
    stopOf(() => memory.read(0x20010, 4))
    expect([...memory.touched]).toEqual([0x10000, 0x11000, 0x20000])
    stopOf(() => memory.read(0x40000, 4))
    expect(memory.touched.size).toBe(3)
  })

  it('is lost where early boot puts things, or the kernel is', () => {
    const memory = made()
    memory.take({ start: 0x11000, end: 0x12000 })
    expect([0x10fff, 0x11000, 0x11fff, 0x12000].map(memory.lost)).toEqual([false, true, true, false])
    // Of scratch areas the highest is taken from first.
    memory.overwrite({ start: 0x14000, end: 0x15000 })
    memory.overwrite({ start: 0x13000, end: 0x14000 })
    expect([0x13000, 0x14000].map(memory.lost)).toEqual([false, true])
    memory.overwrite({ start: 0x16000, end: 0x17000 })
    expect([0x13000, 0x14000, 0x16000].map(memory.lost)).toEqual([false, false, true])
    expect(memory.intact(0x12000)).toBe(true)
    expect(memory.stopped()).toBeNull()
    expect(memory.intact(0x16800)).toBe(false)
    expect(memory.stopped()).toMatchObject({
      kind: 'oops',
      message: expect.stringContaining('things of early boot are there'),
      address: 0x16800,
    })
    const other = made()
    other.take({ start: 0x11000, end: 0x12000 })
    expect(other.intact(0x11800)).toBe(false)
    expect(other.stopped()).toMatchObject({
      message: expect.stringContaining('where the kernel itself is'),
      address: 0x11800,
    })
  })

  it('faults on pages that were taken out of the direct map', () => {
    const memory = made()
    memory.unmap(0x12345)
    expect([0x11fff, 0x12000, 0x12fff, 0x13000].map(memory.mapped)).toEqual([true, false, false, true])
    expect(memory.read(0x11ff8, 8)).toHaveLength(8)
    expect(memory.read(0x13000, 8)).toHaveLength(8)
    const text = 'which is not in the direct map'
    expect(stopOf(() => memory.read(0x11ffc, 8))).toEqual(['oops', `access to 0x11ffc, ${text}`, 0x11ffc])
    expect(stopOf(() => memory.read(0x12ff8, 8))).toEqual(['oops', `access to 0x12ff8, ${text}`, 0x12ff8])
    expect(stopOf(() => memory.read(0x11000, 3 * PAGE))![0]).toBe('oops')
  })

  it('may stand for what a copy does not tell, and for RAM that nobody knows', () => {
    const copy = made(false, RAM, 2 ** 51)
    expect(stopOf(() => copy.read(2 ** 51, 8))![0]).toBe('unknown')
    expect(stopOf(() => copy.read(2 ** 51 - 8, 8))![0]).toBe('oops')
    expect([copy.isRam(2 ** 51), copy.isRam(2 ** 51 - 1)]).toEqual([true, false])
    const open = made(false, null)
    expect(open.ram()).toBeNull()
    expect(stopOf(() => open.read(0x50000, 8))![0]).toBe('unknown')
    expect([open.pages(0, PAGE), open.page(2 ** 45)]).toEqual([true, true])
    expect(open.pages(0, 2 ** 60)).toBe(false)
  })

  it('has pointers of the last page wrap around to the first', () => {
    const view = new DataView(new ArrayBuffer(8))
    const at = (value: bigint) => {
      view.setBigUint64(0, value, true)
      return pointerAt(view, 0)
    }
    expect([at(0n), at(5n), at(2n ** 64n - 1n), at(2n ** 64n - 4096n)]).toEqual([0, 5, -1, -4096])
    expect(at(2n ** 64n - 4097n)).toBeGreaterThan(2 ** 63)
  })
})

describe('restored pages', () => {
  const PAGE = 4096
  const END = 2 ** 32
  /** A kernel with blocks reserved, by [address, order]. */
  const restorer = (name: string, blocks: [address: number, order: number][], shift: 12 | 14 | 16 = 12) => {
    const geo = geometry(shift)
    const memory = createReaderMemory(EMPTY, geo, [{ start: 0, end: END }], false)
    const reserved = createReserved(shift)
    for (const [address, order] of blocks) addBlock(reserved.pages, address, order)
    return createRestorer(memory, readingKernel(name), geo, reserved)
  }
  const BLOCKS: [number, number][] = [
    [8 * PAGE, 0],
    [16 * PAGE, 3],
    [16 * PAGE, 1],
    [2 ** 23, 11],
    [2 ** 22, 10],
  ]

  it('have the order of their block, where one begins there: 6.16 takes any page, and again and again', () => {
    const { folio } = restorer('6.16', BLOCKS)
    expect([folio(8 * PAGE), folio(8 * PAGE)]).toEqual([
      { ok: true, order: 0, again: false },
      { ok: true, order: 0, again: true },
    ])
    // The highest of several, as lists ascend; a page that nobody preserved has no order.
    expect(folio(16 * PAGE + 100)).toEqual({ ok: true, order: 3, again: false })
    expect(folio(17 * PAGE)).toEqual({ ok: true, order: 0, again: false })
    expect(folio(2 ** 22)).toMatchObject({ ok: true, order: 10 })
    expect(folio(2 ** 23)).toEqual({
      ok: false,
      reason: 'order 11 is above MAX_PAGE_ORDER (10)',
      warns: false,
    })
  })

  it('must have the magic number from 6.18 on, once', () => {
    const { folio } = restorer('6.18', BLOCKS)
    expect(folio(17 * PAGE)).toEqual({
      ok: false,
      reason: '0x11000 is not the head of a preserved block',
      warns: true,
    })
    expect(folio(16 * PAGE)).toMatchObject({ ok: true, order: 3 })
    expect(folio(16 * PAGE)).toEqual({ ok: false, reason: '0x10000 was restored before', warns: true })
    expect(folio(2 ** 23)).toEqual({
      ok: false,
      reason: 'order 11 is above MAX_PAGE_ORDER (10)',
      warns: true,
    })
    // One that was refused was not restored.
    expect(folio(2 ** 23)).toMatchObject({ reason: expect.stringContaining('MAX_PAGE_ORDER') })
  })

  it('may be of any order from 7.1 on, the lowest of several, as trees are read', () => {
    const { folio } = restorer('7.2', BLOCKS)
    expect(folio(2 ** 23)).toEqual({ ok: true, order: 11, again: false })
    expect(folio(16 * PAGE)).toMatchObject({ ok: true, order: 1 })
    expect(folio(9 * PAGE)).toMatchObject({ ok: false, warns: true })
  })

  it('have a largest order by the size of pages', () => {
    for (const [shift, most] of [
      [12, 10],
      [14, 11],
      [16, 13],
    ] as const) {
      const high = 2 ** (most + 1 + shift)
      const { folio } = restorer(
        '6.18',
        [
          [0, most],
          [high, most + 1],
        ],
        shift,
      )
      expect(folio(0)).toMatchObject({ ok: true, order: most })
      expect(folio(high)).toMatchObject({
        reason: `order ${most + 1} is above MAX_PAGE_ORDER (${most})`,
      })
    }
  })

  it('are online, or NULL; patch v5 looks at them first', () => {
    const gone = { ok: false, reason: `0x${END.toString(16)} has no page that is online`, warns: false }
    expect(restorer('6.18', []).folio(END + 5)).toEqual(gone)
    expect(restorer('6.18', []).phys(END)).toEqual(gone)
    expect(restorer('v5', []).folio(END)).toMatchObject({ ok: false, oops: true, warns: false })
    expect(restorer('v5', []).phys(END)).toEqual(gone)
    const { phys } = restorer('v5', [])
    expect([phys(PAGE + 7), phys(PAGE)].map(result => result.ok && result.again)).toEqual([false, true])
  })

  it('of a run are those at which its largest aligned pieces begin', () => {
    const heads: [number, number][] = [3, 4, 8, 16, 18].map(page => [page * PAGE, 0])
    const failed = (first: number, count: number, blocks = heads) =>
      restorer('6.18', blocks).pages(first * PAGE, count)
    // 3, 4-7, 8-15, 16-17, 18
    expect(failed(3, 16)).toBeNull()
    expect(failed(3, 17)).toBeNull()
    expect(failed(3, 18)).toMatchObject({ address: 20 * PAGE })
    expect(failed(5, 3)).toMatchObject({ address: 5 * PAGE, failed: { ok: false } })
    expect(failed(3, 0)).toBeNull()
  })
})

describe('marks of reserved pages', () => {
  it('are those of the block that was read last, and of blocks that are aligned to nothing', () => {
    const reserved = createReserved(12)
    for (const order of [0, 2, 1]) addBlock(reserved.pages, 0x10000, order)
    expect([markerAt(reserved, 0x10000, 'lowest'), markerAt(reserved, 0x10000, 'highest')]).toEqual([0, 2])
    expect(markerAt(reserved, 0x11000, 'highest')).toBeNull()
    const sink = keepIn(reserved)
    sink.odd(0x20010, 3, 9)
    expect([markerAt(reserved, 0x20000, 'lowest'), markerAt(reserved, 0x21000, 'lowest')]).toEqual([9, null])
    sink.shifted(1, 0x31, Uint32Array.of(0b101))
    sink.shifted(3, 0x31, Uint32Array.of(1))
    expect([0x31, 0x33].map(page => markerAt(reserved, page * 4096, 'lowest'))).toEqual([3, 1])
    expect([0x30, 0x31, 0x34, 0x38, 0x39].map(page => hasBlock(reserved.pages, page * 4096, 0))).toEqual([
      false,
      true,
      true,
      true,
      false,
    ])
    for (let n = 0; n < 70; n++) sink.odd(n, 1, 0)
    expect([reserved.odd.length, reserved.oddCount]).toEqual([64, 71])
  })
})
