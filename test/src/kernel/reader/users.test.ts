import { describe, expect, it } from 'vitest'
import { readingKernel } from '../../../../formats/kernels/index.js'
import {
  KHO_BLOCK_HEADER,
  LUO_FILE_SER,
  MEMFD_LUO_FOLIO_SER,
  MEMFD_LUO_SER_V1,
  MEMFD_LUO_SER_V2,
} from '../../../../formats/layout/index.js'
import { geometry } from '../../../../formats/memory/geometry.js'
import { createMemoryBuilder } from '../../../../formats/memory/memory-builder.js'
import { viewOf } from '../../../../formats/memory/u64.js'
import type { Running } from '../../../../src/kernel/reader/context.js'
import {
  filesOfArray,
  filesOfBlocks,
  readSession,
  restoreBlocks,
  retrieveFiles,
  walkEntries,
} from '../../../../src/kernel/reader/luo-files.js'
import { retrieveMemfd } from '../../../../src/kernel/reader/memfd.js'
import { createReaderMemory, Halt } from '../../../../src/kernel/reader/memory.js'
import { createTrace } from '../../../../src/kernel/reader/trace.js'
import { readArea, restoreVmalloc } from '../../../../src/kernel/reader/vmalloc.js'

const PAGE = 4096
const GEO = geometry(12)
const END = 2 ** 24

/** A kernel that has all pages back but those that are `lost`, and notes which it was asked for. */
function kernel(name = '7.2') {
  const builder = createMemoryBuilder({ geometry: GEO, ram: [{ start: 2 ** 20, end: END }] })
  const pages = builder.allocate(40)
  const memory = () => createReaderMemory(builder.memory(), GEO, [{ start: 0, end: END }], false)
  const asked: number[] = []
  const lost = new Set<number>()
  const orders = new Map<number, number>()
  const view = viewOf(pages.bytes)
  const page = (n: number) => pages.address + n * PAGE
  const restored = (address: number) => {
    asked.push((address - pages.address) / PAGE)
    return lost.has(address)
      ? ({ ok: false, reason: 'lost', warns: true } as const)
      : ({ ok: true, order: orders.get(address) ?? 0, again: false } as const)
  }
  const running = {
    memory: memory(),
    kernel: readingKernel(name),
    geometry: GEO,
    restorer: {
      folio: restored,
      pages(address: number, count: number) {
        for (let n = 0; n < count; n++) {
          const failed = restored(address + n * PAGE)
          if (!failed.ok) return { address: address + n * PAGE, failed }
        }
        return null
      },
      phys: restored,
    },
    trace: createTrace(),
    taken: 0,
  } as unknown as Running
  return {
    running,
    asked,
    lost,
    orders,
    page,
    byteAt: (address: number) => pages.bytes[address - pages.address],
    /** Puts u64s at a byte of the pages. */
    put: (at: number, ...words: (number | bigint)[]) => {
      for (const [n, word] of words.entries()) view.setBigUint64(at + n * 8, BigInt(word), true)
    },
    write: (
      struct: { write(bytes: Uint8Array, at: number, value: never): void },
      at: number,
      value: object,
    ) => struct.write(pages.bytes, at, value as never),
    events: () => running.trace.events.map(({ rule, effect, path }) => [rule, effect, path]),
    messages: () => running.trace.events.map(({ message }) => message),
  }
}

const stopOf = (work: () => unknown) => {
  try {
    work()
  } catch (error) {
    if (error instanceof Halt) return error.stop.kind
    throw error
  }
  return null
}

describe('an area that is put together again', () => {
  /** A descriptor at 0: the first chunk, total pages, order; chunks with a link and runs. */
  const area = (
    total: number,
    order: number,
    chunks: readonly { at: number; runs: readonly number[]; next?: number }[],
  ) => {
    const made = kernel()
    made.put(
      0,
      chunks[0] === undefined ? 0 : made.page(chunks[0].at),
      BigInt(total) | (1n << 32n) | (BigInt(order) << 48n),
    )
    for (const { at, runs, next } of chunks) {
      made.put(at * PAGE, next === undefined ? 0 : made.page(next), ...runs.map(made.page))
    }
    const restore = () => restoreVmalloc(made.running.memory, GEO, made.running.restorer, made.page(0))
    const shown = () => {
      const found = restore()
      return 'pages' in found
        ? [...found.pages].map(address => (address - made.page(0)) / PAGE)
        : [found.rule, found.reason]
    }
    return { ...made, restore, shown }
  }

  it('has the pages of its runs, chunk by chunk, and each chunk after its runs', () => {
    const made = area(3, 0, [
      { at: 2, runs: [10, 12], next: 4 },
      { at: 4, runs: [11] },
    ])
    expect(made.shown()).toEqual([10, 12, 11])
    expect(made.asked).toEqual([10, 12, 2, 11, 4])
    const large = area(8, 2, [{ at: 2, runs: [12, 20] }])
    expect(large.shown()).toEqual([12, 13, 14, 15, 20, 21, 22, 23])
    expect(area(0, 0, []).shown()).toEqual([])
  })

  it('has as many as it says', () => {
    const count = (total: number, runs: number[], order = 0) => area(total, order, [{ at: 2, runs }]).shown()
    expect(count(1, [10, 11])).toEqual(['VMALLOC-COUNT-MISMATCH', 'more runs than the 1 pages of the area'])
    expect(count(3, [10, 11])).toEqual(['VMALLOC-COUNT-MISMATCH', '2 pages were found, not 3'])
    expect(count(3, [10], 2)).toEqual(['VMALLOC-COUNT-MISMATCH', 'more runs than the 3 pages of the area'])
    expect(count(2 ** 28 + 1, [])).toEqual([
      'VMALLOC-COUNT-MISMATCH',
      `${2 ** 28 + 1} pages are more than can be allocated for`,
    ])
    // Shifts go round at 32, and bit 31 is more than any count.
    expect(count(2, [10], 33)).toEqual([10, 11])
    expect(count(2, [10], 31)).toEqual(['VMALLOC-COUNT-MISMATCH', 'more runs than the 2 pages of the area'])
  })

  it('is none where a run or a chunk does not come back', () => {
    const made = area(2, 0, [{ at: 2, runs: [10, 11] }])
    made.lost.add(made.page(11))
    expect(made.restore()).toEqual({
      rule: 'VMALLOC-UNPRESERVED',
      reason: `run 0x${made.page(11).toString(16)} is not restored: lost`,
      address: made.page(2),
      warns: true,
    })
    made.lost.clear()
    made.lost.add(made.page(2))
    expect(made.restore()).toMatchObject({
      rule: 'VMALLOC-UNPRESERVED',
      reason: expect.stringContaining('chunk page'),
    })
    const far = area(1, 0, [{ at: 2, runs: [] }])
    far.put(2 * PAGE + 8, 2n ** 52n)
    far.lost.add(2 ** 52)
    expect(far.restore()).toMatchObject({ rule: 'VMALLOC-ENTRY' })
  })

  it('ends a page at the first run of 0, and may fill a page', () => {
    const runs = Array.from({ length: 511 }, () => 10)
    expect(
      area(512, 0, [
        { at: 2, runs, next: 4 },
        { at: 4, runs: [11] },
      ]).shown(),
    ).toHaveLength(512)
    const made = area(1, 0, [{ at: 2, runs: [10] }])
    made.put(2 * PAGE + 24, made.page(12))
    expect(made.shown()).toEqual([10])
  })

  it('faults past its end, and where its pointers lead to no RAM', () => {
    const made = area(1, 0, [{ at: 2, runs: [10] }])
    const found = made.restore()
    if (!('pages' in found)) throw new Error(found.reason)
    const { memory } = made.running
    made.put(10 * PAGE, 0x77)
    expect(readArea(memory, GEO, found, 0, 8)[0]).toBe(0x77)
    expect(readArea(memory, GEO, found, 4088, 8)).toHaveLength(8)
    expect(stopOf(() => readArea(memory, GEO, found, 4096, 8))).toBe('oops')
    made.put(2 * PAGE, END)
    expect(stopOf(made.restore)).toBe('oops')
  })
})

describe('a memfd that is taken back', () => {
  interface Ser {
    pos?: bigint
    size?: bigint
    seals?: number
    nrFolios?: bigint
    folios?: readonly [pfn: number | bigint, index: number][]
  }
  /** A file at page 0, its list of folios at page 3. */
  const file = (version: 1 | 2, { pos = 0n, size = 0n, seals = 0, nrFolios, folios = [] }: Ser = {}) => {
    const made = kernel(version === 1 ? '6.19' : '7.2')
    const struct = version === 1 ? MEMFD_LUO_SER_V1 : MEMFD_LUO_SER_V2
    const list = { first: made.page(2), totalPages: 1, flags: 1, order: 0 }
    const count = nrFolios ?? BigInt(folios.length)
    made.write(struct, 0, {
      pos,
      size,
      ...(version === 2 ? { seals, flags: 0 } : {}),
      nrFolios: count,
      folios: list,
    })
    made.put(2 * PAGE, 0, made.page(3))
    for (const [n, [pfn, index]] of folios.entries())
      made.put(3 * PAGE + n * MEMFD_LUO_FOLIO_SER.size, BigInt(pfn), index)
    const retrieve = () => retrieveMemfd(made.running, version, BigInt(made.page(0)), 'f')
    return { ...made, retrieve, pfn: (n: number) => made.page(n) / PAGE }
  }
  const PFN = kernel().page(0) / PAGE

  it('has its folios in the order of the list, and its structure is freed last', () => {
    for (const version of [1, 2] as const) {
      const made = file(version, {
        folios: [
          [PFN + 10, 5],
          [0, 0],
          [BigInt(PFN + 12) | (3n << 52n), 1],
        ],
      })
      made.retrieve()
      expect(made.events()).toEqual([])
      // The area, its chunk, the folios, the structure.
      expect(made.asked).toEqual([3, 2, 10, 12, 0])
    }
    const empty = file(2)
    empty.retrieve()
    expect(empty.asked).toEqual([0])
  })

  it('is refused for seals that are not known', () => {
    const known = file(2, { seals: 0x3f })
    known.retrieve()
    expect(known.events()).toEqual([])
    const more = file(2, { seals: 0x40, folios: [[PFN + 10, 0]] })
    more.retrieve()
    expect([more.events(), more.asked]).toEqual([[['MEMFD-SEALS', 'reported', 'f']], [0]])
  })

  it('has positions and sizes that are no negative numbers', () => {
    const most = file(2, { pos: 2n ** 63n - 1n, size: 2n ** 63n - 1n })
    most.retrieve()
    expect(most.events()).toEqual([])
    const more = file(2, { pos: 2n ** 63n, size: 2n ** 63n })
    more.retrieve()
    expect(more.events()).toEqual([
      ['MEMFD-POSITION', 'silent', 'f'],
      ['MEMFD-SIZE', 'silent', 'f'],
    ])
  })

  it('is lost with its list, or with a folio, of which the rest are restored to be freed', () => {
    for (const version of [1, 2] as const) {
      const folios: [number, number][] = [10, 11, 12].map((n, index) => [PFN + n, index])
      const made = file(version, { folios })
      made.lost.add(made.page(11))
      made.retrieve()
      expect(made.events()).toEqual([['MEMFD-FOLIO-UNPRESERVED', 'reported', 'f']])
      // Version 1 does not free its structure then.
      expect(made.asked).toEqual(version === 1 ? [3, 2, 10, 11, 12] : [3, 2, 10, 11, 12, 0])
      const listless = file(version, { folios })
      listless.lost.add(listless.page(3))
      listless.retrieve()
      expect(listless.events()).toEqual([['VMALLOC-UNPRESERVED', 'reported', 'f/vmalloc']])
    }
    const gone = file(2)
    gone.lost.add(gone.page(0))
    gone.retrieve()
    expect(gone.events()).toEqual([['LUO-UNPRESERVED', 'reported', 'f']])
  })

  it('has one folio at a page offset, whatever their orders', () => {
    const put = (...folios: [index: number, order: number][]) => {
      const made = file(2, { folios: folios.map(([index], n) => [PFN + 10 + n, index]) })
      for (const [n, [, order]] of folios.entries()) made.orders.set(made.page(10 + n), order)
      made.retrieve()
      return made.events().map(([rule]) => rule)
    }
    expect(put([0, 0], [1, 0], [2, 1], [4, 2])).toEqual([])
    expect(put([4, 2], [0, 0], [2, 1])).toEqual([])
    expect(put([3, 0], [3, 0])).toEqual(['MEMFD-FOLIO-COLLISION'])
    // In a larger one, and over smaller ones.
    expect(put([4, 2], [7, 0])).toEqual(['MEMFD-FOLIO-COLLISION'])
    expect(put([4, 2], [8, 0], [3, 0])).toEqual([])
    expect(put([7, 0], [4, 2])).toEqual(['MEMFD-FOLIO-COLLISION'])
    expect(put([9, 0], [4, 2], [8, 0])).toEqual([])
    // One that is not aligned to its order is put below.
    expect(put([5, 2])).toEqual(['MEMFD-FOLIO-RANGE'])
    expect(put([4, 0], [5, 2])).toEqual(['MEMFD-FOLIO-RANGE', 'MEMFD-FOLIO-COLLISION'])
    expect(put([8, 0], [5, 2])).toEqual(['MEMFD-FOLIO-RANGE'])
    // After one that failed nobody looks at the others.
    expect(put([3, 0], [3, 0], [3, 0], [5, 2])).toEqual(['MEMFD-FOLIO-COLLISION'])
  })

  it('faults where the list is shorter than it counts, and on a handle of no RAM', () => {
    const short = file(2, { nrFolios: 257n })
    expect(stopOf(short.retrieve)).toBe('oops')
    const full = file(2, { nrFolios: 256n })
    expect(stopOf(full.retrieve)).toBeNull()
    const { running } = kernel()
    expect(stopOf(() => retrieveMemfd(running, 2, BigInt(END), 'f'))).toBe('oops')
    expect(stopOf(() => retrieveMemfd(running, 2, 0x5000n, 'f'))).toBe('unknown')
  })
})

describe('lists of LUO', () => {
  const entry = (made: ReturnType<typeof kernel>, at: number, compatible: string, token: bigint, data = 5n) =>
    made.write(LUO_FILE_SER, at, { compatible, data, token })

  /** Blocks at these pages, each with so many files; the last leads to `next`. */
  const chain = (counts: readonly number[], next: number | null = null, name = '7.2') => {
    const made = kernel(name)
    for (const [n, count] of counts.entries()) {
      const follows = n + 1 < counts.length ? made.page(n + 1) : next === null ? 0 : made.page(next)
      made.put(n * PAGE, follows, count)
      for (let at = 0; at < Math.min(count, 63); at++)
        entry(
          made,
          n * PAGE + KHO_BLOCK_HEADER.size + at * LUO_FILE_SER.size,
          'memfd-v2',
          BigInt(n * 100 + at),
        )
    }
    return made
  }

  it('go from block to block, each with some entries and no more than it has room for', () => {
    const blocks = (counts: number[], next: number | null = null) => {
      const made = chain(counts, next)
      const found = restoreBlocks(made.running, made.page(0), LUO_FILE_SER.size, 'p')
      return [found?.map(at => (at - made.page(0)) / PAGE) ?? null, made.events()[0]?.[0] ?? null]
    }
    expect(blocks([1])).toEqual([[0], null])
    expect(blocks([3, 63, 1])).toEqual([[0, 1, 2], null])
    expect(blocks([0])).toEqual([null, 'LUO-BLOCK-COUNT'])
    expect(blocks([1, 0])).toEqual([null, 'LUO-BLOCK-COUNT'])
    expect(blocks([64])).toEqual([null, 'LUO-BLOCK-COUNT'])
    for (const [length, back] of [
      [1, 0],
      [2, 0],
      [2, 1],
      [3, 0],
      [3, 1],
      [5, 2],
    ] as const)
      expect(blocks(Array(length).fill(1), back)).toEqual([null, 'LUO-BLOCK-CYCLE'])
  })

  it('have the files that their blocks have, as many as the session counts', () => {
    const files = (
      counts: number[],
      count: bigint,
      edit: (made: ReturnType<typeof kernel>) => void = () => {},
    ) => {
      const made = chain(counts)
      edit(made)
      const found = filesOfBlocks(made.running, counts.length === 0 ? 0 : made.page(0), count, 's')
      return { found, made, events: made.events() }
    }
    const good = files([2, 1], 3n)
    expect(good.found!.map(({ token, path, data }) => [token, path, data])).toEqual([
      [0n, 's/files/0', 5n],
      [1n, 's/files/1', 5n],
      [100n, 's/files/100', 5n],
    ])
    // Blocks are freed when all is read.
    expect([good.made.asked, good.events]).toEqual([[0, 1], []])
    for (const count of [2n, 4n]) {
      const { found, events, made } = files([2, 1], count)
      expect([found, events, made.asked]).toEqual([null, [['LUO-FILE-COUNT', 'reported', 's']], []])
    }
    expect(files([], 0n)).toMatchObject({ found: [], events: [] })
    expect(files([], 2n)).toMatchObject({ found: [], events: [['LUO-FILE-COUNT', 'reported', 's']] })
    // Whose token an earlier file has goes by its number, and is not asked for.
    const twice = files([3], 3n, made => {
      for (const n of [0, 2]) entry(made, 16 + n * 64, 'memfd-v2', 7n)
    })
    expect(twice.found!.map(({ path, isAgain }) => [path, isAgain])).toEqual([
      ['s/files/#0', false],
      ['s/files/1', false],
      ['s/files/#2', true],
    ])
    const other = files([2], 2n, made => entry(made, 16 + 64, 'memfd-v1', 1n))
    expect([other.found, other.events]).toEqual([null, [['LUO-HANDLER', 'reported', 's']]])
    const none = files([2], 2n, made => entry(made, 16, '', 1n))
    expect([none.found, none.events]).toEqual([null, [['LUO-FILE-COMPATIBLE', 'reported', 's']]])
    expect(files([0], 0n).found).toBeNull()
  })

  it('of the array form have as many files as the session says, whatever lies there', () => {
    const made = kernel('6.19')
    for (let n = 0; n < 3; n++) entry(made, n * 64, 'memfd-v1', BigInt(n))
    const read = (count: bigint, first = made.page(0)) => filesOfArray(made.running, first, count, 's')
    expect(read(2n)!.map(({ token }) => token)).toEqual([0n, 1n])
    expect(made.asked).toEqual([0])
    expect([read(0n), made.events()]).toEqual([[], [['LUO-FILE-COUNT', 'silent', 's']]])
    expect(made.asked).toEqual([0])
    expect([read(2n, 0), made.events()[1]]).toEqual([[], ['LUO-FILE-COUNT', 'reported', 's']])
    expect(read(0n, 0)).toEqual([])
    expect(made.events()).toHaveLength(2)
    expect(read(4n)).toBeNull()
    expect(made.events()[2]).toEqual(['LUO-FILE-COMPATIBLE', 'reported', 's'])
  })

  it('give the first file of a token; a file that faults takes no other with it', () => {
    const made = kernel()
    const at = (n: number, token: bigint, isAgain = false) => ({
      compatible: 'memfd-v2',
      data: BigInt(made.page(n)),
      token,
      path: `f${n}`,
      isAgain,
    })
    for (const n of [1, 2, 3])
      made.write(MEMFD_LUO_SER_V2, n * PAGE, {
        pos: 0n,
        size: 0n,
        seals: 0,
        flags: 0,
        nrFolios: 0n,
        folios: { first: 0, totalPages: 0, flags: 0, order: 0 },
      })
    const far = { ...at(0, 9n), data: BigInt(END) }
    retrieveFiles(made.running, [at(1, 5n), far, at(2, 5n, true), at(3, 6n)])
    expect(made.events()).toEqual([
      ['MEMFD-ADDRESS', 'oops', 'f0'],
      ['LUO-TOKEN-DUPLICATE', 'silent', 'f2'],
    ])
    expect([made.asked, made.running.taken]).toEqual([[1, 3], 3])
  })

  it('of sessions keep 63 bytes of a name', () => {
    const made = kernel()
    made.put(64, made.page(1), 7)
    const text = (length: number) => {
      for (let n = 0; n < 8; n++) made.put(n * 8, 0)
      const bytes = new Uint8Array(64).fill(0x61, 0, length)
      for (let n = 0; n < 8; n++) made.put(n * 8, new DataView(bytes.buffer).getBigUint64(n * 8, true))
      const record = made.running.memory.read(made.page(0), 80)
      const { name, kept, files, count } = readSession(record, viewOf(record), 0)
      return [name.length, kept.length, files === made.page(1), count]
    }
    expect([text(3), text(63), text(64)]).toEqual([
      [3, 3, true, 7n],
      [63, 63, true, 7n],
      [64, 63, true, 7n],
    ])
  })

  it('are walked entry by entry, those of one page together where it is all there', () => {
    const made = kernel()
    const walk = (start: number, count: number, size: number, stop = Number.POSITIVE_INFINITY) => {
      const seen: number[] = []
      const whole = walkEntries(made.running, start, count, size, (bytes, view, offset, address) => {
        expect([bytes[offset], view.getUint8(offset)]).toEqual([made.byteAt(address), made.byteAt(address)])
        seen.push(address - made.page(0))
        return seen.length < stop
      })
      return [whole, seen]
    }
    for (let n = 0; n < PAGE * 3; n += 8) made.put(n, BigInt(n % 251))
    const places = (start: number, count: number, size: number) =>
      Array.from({ length: count }, (_, n) => start + n * size)
    for (const [start, count, size] of [
      [0, 0, 64],
      [0, 1, 64],
      [16, 130, 64],
      [4096 - 128, 5, 64],
      [4096 - 100, 4, 80],
      [8, 3, 4096],
      [4096, 64, 64],
    ] as const)
      expect(walk(made.page(0) + start, count, size)).toEqual([true, places(start, count, size)])
    expect(walk(made.page(0), 9, 64, 3)).toEqual([false, [0, 64, 128]])
    // What lies in front of the end of RAM is seen before the fault.
    const seen: number[] = []
    const fault = () =>
      walkEntries(made.running, END - 128, 4, 64, (_bytes, _view, _offset, address) => {
        seen.push(address)
        return true
      })
    expect(stopOf(fault)).toBe('unknown')
    expect(seen).toEqual([])
  })

  it('take a memfd back in the form that its string names', () => {
    for (const [compatible, version] of [
      ['memfd-v1', 1],
      ['memfd-v2', 2],
    ] as const) {
      const made = kernel()
      // In version 1 the word behind the size counts folios, in version 2 it has the seals.
      made.put(PAGE, 0, 0, 0x40)
      const data = BigInt(made.page(1))
      retrieveFiles(made.running, [{ compatible, data, token: 1n, path: 'f', isAgain: false }])
      expect(made.events().map(([rule]) => rule)).toEqual([version === 1 ? 'MEMFD-ADDRESS' : 'MEMFD-SEALS'])
    }
  })

  it('end after 10,000 blocks, and never where they come back later than that', () => {
    const made = kernel()
    const builder = createMemoryBuilder({ geometry: GEO, ram: [{ start: 2 ** 25, end: 2 ** 27 }] })
    const all = builder.allocate(10_002)
    const words = new DataView(all.bytes.buffer, all.bytes.byteOffset)
    const at = (n: number) => all.address + n * PAGE
    for (let n = 0; n < 10_002; n++) {
      words.setBigUint64(n * PAGE, BigInt(at(n + 1)), true)
      words.setBigUint64(n * PAGE + 8, 1n, true)
    }
    const memory = createReaderMemory(builder.memory(), GEO, [{ start: 0, end: 2 ** 28 }], false)
    const blocks = (count: number) => {
      words.setBigUint64((count - 1) * PAGE, 0n, true)
      const running = { ...made.running, memory, trace: createTrace() }
      const found = restoreBlocks(running, at(0), LUO_FILE_SER.size, 'p')
      words.setBigUint64((count - 1) * PAGE, BigInt(at(count)), true)
      return [found?.length ?? null, running.trace.events.map(({ rule }) => rule)]
    }
    expect(blocks(10_000)).toEqual([10_000, []])
    expect(blocks(10_001)).toEqual([null, ['LUO-BLOCK-LIMIT']])
  })
})
