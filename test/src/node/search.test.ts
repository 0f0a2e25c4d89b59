import { closeSync, ftruncateSync, openSync, truncateSync, writeSync } from 'node:fs'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { writeElf } from '../../../formats/dumps/index.js'
import { buildFdt } from '../../../formats/fdt/index.js'
import { findRoots } from '../../../src/image/find-roots.js'
import { type MarkKind, searchOf } from '../../../src/image/marks.js'
import { type OpenOptions, openContents } from '../../../src/image/open.js'
import { codecs } from '../../../src/node/codecs.js'
import { type FileSource, openFileSource } from '../../../src/node/file-source.js'
import { openImage } from '../../../src/node/open.js'
import {
  awaitMarks,
  awaitPart,
  claimPart,
  createBoardData,
  endBoard,
  giveBack,
  marksOf,
  putMarks,
  takeOff,
} from '../../../src/node/search/board.js'
import { type SearchSettings, threadedSearch } from '../../../src/node/search/search.js'
import { requireBuild, requireBundle } from '../../built.js'
import { buildKdump, buildKdumpOf, type Codec, flatten } from '../../formats/dumps/kdump-build.js'
import { concat, workDirectory } from '../image/open-fixtures.js'

// Threads run what was built.
beforeAll(() => {
  requireBuild()
  requireBundle()
})

const file = workDirectory()
const MIB = 2 ** 20
const KINDS: readonly MarkKind[] = ['fdt', 'setup-data']
const MAGIC = Uint8Array.of(0xd0, 0x0d, 0xfe, 0xed)
const RECORD = Uint8Array.of(10, 0, 0, 0, 32, 0, 0, 0)
/** Parts of one block each, all of them looked at by two other threads. */
const SPLIT: SearchSettings = { threads: 3, large: 0, partBytes: 2 ** 18, patience: 50_000, idle: true }

function contents(size: number, marks: readonly [number, Uint8Array][]): Uint8Array {
  const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 7 + (i >> 11)) % 251)
  for (const [at, mark] of marks) bytes.set(mark.subarray(0, Math.max(0, size - at)), at)
  return bytes
}

async function open(paths: readonly string[], options: OpenOptions = {}) {
  const files = paths.map(openFileSource)
  const [source, ...parts] = files as [FileSource, ...FileSource[]]
  const io = { codecs: async () => codecs }
  const { memory } = await openContents({ name: paths[0]!, source, parts }, options, io)
  return { memory, files, options, close: () => files.forEach(each => void each.close()) }
}

function elfOf(segments: readonly { phys: number; content: Uint8Array }[]): Uint8Array {
  const pieces: Uint8Array[] = []
  writeElf(segments, {}, bytes => void pieces.push(bytes.slice()))
  return concat(...pieces)
}

type Opened = Awaited<ReturnType<typeof open>>

/** Where the marks are by one thread, and by several, and who looked. */
function both(image: Opened, settings: SearchSettings = SPLIT) {
  const search = threadedSearch(image, settings)
  const list = (run: typeof search.run) =>
    KINDS.map(kind => {
      const found: number[] = []
      run([kind], address => void found.push(address))
      return found
    })
  try {
    return { alone: list(searchOf(image.memory)), shared: list(search.run), looked: search.looked }
  } finally {
    search.close()
  }
}

async function compared(paths: readonly string[], options: OpenOptions = {}, settings = SPLIT) {
  const image = await open(paths, options)
  try {
    return both(image, settings)
  } finally {
    image.close()
  }
}

describe('several threads find what one finds, in its order', () => {
  it('in a raw file, with marks at the ends of parts and across them', async () => {
    const seam = 2 ** 18
    const path = file(
      'raw',
      contents(4 * MIB + 100, [
        [0, MAGIC],
        [seam - 4096, MAGIC],
        [seam, MAGIC],
        [4 * MIB, MAGIC],
        [seam * 2 - 4, RECORD],
        [seam * 3 - 8, RECORD],
        [seam * 3, RECORD],
        [seam * 5 - 2, RECORD],
        [4 * MIB + 92, RECORD],
      ]),
    )
    const { alone, shared, looked } = await compared([path])
    expect(shared).toEqual(alone)
    expect(alone[0]).toEqual([0, seam - 4096, seam, 4 * MIB])
    expect(alone[1]).toEqual([seam * 2 - 4, seam * 3 - 8, seam * 3, 4 * MIB + 92].map(at => at - 8))
    expect(looked).toEqual({ here: 0, elsewhere: 34 })
  })

  it('wherever marks are, however memory lies in the file and is cut', async () => {
    const size = 2 * MIB + 4321
    const mark = fc.tuple(
      fc.nat(size >> 2).map(word => word * 4),
      fc.constantFrom(MAGIC, RECORD),
    )
    const pageMark = fc.tuple(
      fc.nat(size >> 12).map(page => page * 4096),
      fc.constant(MAGIC),
    )
    const piece = fc.record({
      phys: fc.nat(4000),
      offset: fc.nat(size),
      length: fc.integer({ min: 1, max: MIB }),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(mark, pageMark), { maxLength: 40 }),
        fc.array(piece, { maxLength: 5 }),
        fc.integer({ min: 1, max: MIB }),
        async (marks, pieces, partBytes) => {
          const path = file('any', contents(size, marks))
          // Apart from each other, some of them end to end, at odd places.
          let end = 0
          const map = pieces.map(({ phys, offset, length }) => {
            const start = phys % 3 === 0 ? end : end + phys * 4
            end = start + length
            return { phys: start, offset, length }
          })
          const options = map.length === 0 ? { base: 12 } : { map }
          const { alone, shared, looked } = await compared([path], options, { ...SPLIT, partBytes })
          expect(shared).toEqual(alone)
          expect(looked.here).toBe(0)
        },
      ),
      { numRuns: 25 },
    )
  })

  it('in what was written of a sparse file', async () => {
    const path = file('sparse')
    const fd = openSync(path, 'w')
    ftruncateSync(fd, 2 ** 34)
    for (const at of [2 ** 20, 2 ** 33 - 4096, 2 ** 34 - 4096])
      writeSync(fd, contents(4096, [[0, MAGIC]]), 0, 4096, at)
    closeSync(fd)
    const image = await open([path])
    // Where nothing tells of holes (holes.test.ts), all of it would be read.
    expect(image.memory.writtenBytes?.()).toBeLessThan(MIB)
    const { alone, shared, looked } = both(image)
    expect(shared).toEqual(alone)
    expect(alone[0]).toEqual([2 ** 20, 2 ** 33 - 4096, 2 ** 34 - 4096])
    expect(looked).toEqual({ here: 0, elsewhere: 2 })
    image.close()
  })

  it('in more marks than are kept of a part', async () => {
    const bytes = new Uint8Array(MIB)
    for (let at = 0; at < MIB; at += 8) bytes.set(RECORD, at)
    const { alone, shared } = await compared([file('marks', bytes)])
    expect(alone[1]).toHaveLength(MIB / 8)
    expect(shared).toEqual(alone)
  })

  it('in ELF, flattened or not, whose first page of two is in one part and the second in the next', async () => {
    const large = new Uint8Array(6000).fill(1)
    const fdt = buildFdt({ properties: { compatible: 'kho-v4', filler: large } })
    const seam = 2 ** 18 - 4096
    const bytes = elfOf([
      { phys: 0, content: contents(MIB, [[seam, fdt]]) },
      {
        phys: 16 * MIB,
        content: contents(MIB, [
          [0, fdt],
          [MIB - 4, RECORD],
        ]),
      },
      { phys: 17 * MIB, content: contents(MIB, [[0, RECORD.subarray(4)]]) },
    ])
    for (const path of [file('elf', bytes), file('elf.flat', flatten(bytes, 5000))]) {
      const image = await open([path])
      const search = threadedSearch(image, SPLIT)
      const found = findRoots(image.memory, undefined, search.run)
      expect(found).toEqual(findRoots(image.memory))
      expect(found.roots.map(({ address }) => address)).toEqual([seam, 16 * MIB])
      expect(search.looked.here).toBe(0)
      expect(search.looked.elsewhere).toBeGreaterThan(10)
      search.close()
      const marks = both(image)
      expect(marks.shared).toEqual(marks.alone)
      expect(marks.alone[1]).toEqual([17 * MIB - 12])
      image.close()
    }
  })

  it.each<Codec>(['raw', 'zlib', 'lzo', 'snappy', 'zstd'])(
    'in a kdump, %s, with gaps, damaged pages',
    async codec => {
      const pages = Array.from({ length: 300 }, (_, n) => {
        const pfn = n + (n > 100 ? 1000 : 0)
        const marks: [number, Uint8Array][] = n % 7 === 0 ? [[0, MAGIC]] : [[(n * 52) % 4088, RECORD]]
        return [pfn, { content: contents(4096, marks), codec }] as const
      })
      const bytes = buildKdumpOf(new Map(pages))
      const broken = bytes.slice()
      for (let at = bytes.length - 200_000; at < bytes.length; at += 4001) broken[at] = broken[at]! ^ 0xff
      for (const [name, each] of [
        ['kdump', bytes],
        ['broken', broken],
        ['flat', flatten(bytes, 3000)],
      ] as const) {
        const { alone, shared, looked } = await compared([file(name, each)])
        expect(shared).toEqual(alone)
        if (name !== 'broken') expect(alone.map(list => list.length)).toEqual([43, 257])
        expect(looked.here).toBe(0)
        expect(looked.elsewhere).toBeGreaterThan(8)
      }
    },
  )

  it('in a split kdump of which a part is missing', async () => {
    const part = (name: string, from: number, to: number) =>
      file(name, buildKdump(`ram 0-299\nsplit ${from} ${to}\n0-299 count zlib`))
    const paths = [part('a', 0, 70), part('c', 200, 300)]
    const { alone, shared, looked } = await compared(paths)
    expect(shared).toEqual(alone)
    expect(looked).toEqual({ here: 0, elsewhere: 8 })
  })

  it('in a file that was cut short since it was opened', async () => {
    const path = file(
      'short',
      contents(3 * MIB, [
        [4096, MAGIC],
        [2 * MIB, MAGIC],
        [MIB + 2 ** 17, RECORD],
      ]),
    )
    const image = await open([path])
    truncateSync(path, MIB + 2 ** 17 + 4096)
    const { alone, shared } = both(image)
    expect(shared).toEqual(alone)
    expect(alone).toEqual([[4096], []])
    image.close()
  })
})

describe('a part that a thread has claimed', () => {
  const claimed = () => {
    const board = createBoardData('fdt', Float64Array.of(0, 1, 2))
    expect(claimPart(board)).toBe(0)
    return board
  }
  const marks = { addresses: [5], edges: { first: 1, end: 2 } }

  it('is waited for, and has what that one put', () => {
    const board = claimed()
    expect(marksOf(board, 0)).toBeNull()
    putMarks(board, 0, marks)
    expect(awaitMarks(board, 0, 0)).toBe(false)
    expect(marksOf(board, 0)).toEqual(marks)
  })

  it('is taken back from one that died with it, and from one that gives it back; what comes too late is dropped', () => {
    for (const lose of [() => {}, giveBack]) {
      const board = claimed()
      lose(board, 0)
      expect(awaitMarks(board, 0, 1)).toBe(true)
      putMarks(board, 0, marks)
      expect(marksOf(board, 0)).toBeNull()
      takeOff(board, 0)
      putMarks(board, 0, marks)
      expect([claimPart(board), claimPart(board)]).toEqual([1, null])
    }
  })

  it('is taken back before it is claimed, where nobody does', () => {
    const board = createBoardData('fdt', Float64Array.of(0, 1, 2))
    expect(awaitMarks(board, 0, 1)).toBe(true)
    expect(claimPart(board)).toBe(1)
  })

  it('has no place before those far ahead of it are taken off', () => {
    const board = createBoardData(
      'fdt',
      Float64Array.from({ length: 200 }, (_, n) => n),
    )
    for (let part = 0; part < 64; part++) expect(claimPart(board)).toBe(part)
    expect(claimPart(board)).toBeNull()
    takeOff(board, 0)
    expect([claimPart(board), claimPart(board)]).toEqual([64, null])
    endBoard(board)
    expect([claimPart(board), awaitPart(board)]).toEqual([null, false])
  })
})

describe('this thread does it', () => {
  const path = () => file('alone', contents(3 * MIB, [[MIB, MAGIC]]))

  it('where the others cannot open the image, or have died', async () => {
    const image = await open([path()])
    for (const broken of [
      { ...image, options: { format: 'none such' } },
      { ...image, files: [unreadable(image)] },
    ]) {
      const { alone, shared, looked } = both(broken, { ...SPLIT, idle: false })
      expect(shared).toEqual(alone)
      expect(looked).toEqual({ here: 24, elsewhere: 0 })
    }
    image.close()
  })

  it('alone on one processor, and where there is little to look at', async () => {
    for (const settings of [{ threads: 1 }, { large: 4 * MIB }]) {
      const { alone, shared, looked } = await compared([path()], {}, { ...SPLIT, ...settings })
      expect(shared).toEqual(alone)
      expect(looked).toEqual({ here: 0, elsewhere: 0 })
    }
  })

  it('stops where it is told to, and the others with it', async () => {
    const image = await open([path()])
    const search = threadedSearch(image, SPLIT)
    const stop = () => {
      throw new Error('enough')
    }
    expect(() => search.run(['fdt'], stop)).toThrow('enough')
    const found: number[] = []
    search.run(['fdt'], address => void found.push(address))
    expect(found).toEqual([MIB])
    search.close()
    image.close()
  })
})

/** A source that others cannot read: its descriptor is another's by now. */
function unreadable({ files }: Opened): FileSource {
  const fd = openSync('/dev/null', 'r')
  closeSync(fd)
  return { ...files[0]!, fd }
}

it('is what an image is opened with from some size on', async () => {
  const small = await openImage(file('small', new Uint8Array(MIB)))
  expect(small.search).toBeUndefined()
  small.close()
  const fd = openSync(file('large'), 'w')
  ftruncateSync(fd, 256 * MIB)
  closeSync(fd)
  const image = await openImage(file('large'))
  expect(image.search?.memory).toBe(image.memory)
  image.close()
})
