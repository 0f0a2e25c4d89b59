import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { detectContainer, openContainer } from '../../../formats/dumps/containers.js'
import { bitmapRanges, openBitmap, sameBitmap } from '../../../formats/dumps/kdump-bitmap.js'
import { readKdumpHeader } from '../../../formats/dumps/kdump-header.js'
import {
  codecOf,
  createPageCache,
  decompressHead,
  decompressPage,
  type KdumpFile,
  readDescriptor,
  readPageData,
} from '../../../formats/dumps/kdump-pages.js'
import { KhoError } from '../../../formats/error.js'
import { bytesSource } from '../../../formats/memory/byte-source.js'
import { codecs } from '../../../src/node/codecs.js'
import { thrown } from './elf-build.js'
import { buildKdump, type Codec, contentOf, encode, words } from './kdump-build.js'

describe('a bitmap in a file', () => {
  const PIECE = 4096
  const PASS = 2 ** 21

  /** Bytes with these bits set, behind some of another thing; every bit behind the last is set, and must not count. */
  function fileOf(bits: number, set: readonly number[], offset: number): Uint8Array {
    const bytes = new Uint8Array(offset + Math.ceil(bits / 8) + 8).fill(0xff)
    bytes.fill(0, offset, offset + Math.ceil(bits / 8))
    if (bits % 8 !== 0) bytes[offset + (bits >> 3)] = 0xff << (bits % 8)
    for (const bit of set) bytes[offset + (bit >> 3)]! |= 1 << (bit & 7)
    return bytes
  }

  const place = fc.oneof(
    fc.nat(80),
    fc.integer({ min: PIECE - 40, max: PIECE + 40 }),
    fc.nat(3 * PIECE),
    fc.integer({ min: PASS - 40, max: PASS + 40 }),
  )
  const runs = fc.array(fc.tuple(place, fc.constantFrom(1, 1, 2, 31, 32, 70)), { maxLength: 12 })
  const length = fc.oneof(
    fc.integer({ min: 1, max: 200 }),
    fc.integer({ min: PIECE - 40, max: PIECE + 40 }),
    fc.integer({ min: 1, max: 3 * PIECE }),
    fc.integer({ min: PASS - 20, max: PASS + 200 }),
  )

  it('is asked bit by bit, counted, gone through, and listed as its bits are', () => {
    fc.assert(
      fc.property(runs, length, fc.constantFrom(0, 1, 512), place, (list, bits, offset, at) => {
        const set = [
          ...new Set(list.flatMap(([first, count]) => Array.from({ length: count }, (_, n) => first + n))),
        ]
          .filter(bit => bit < bits)
          .sort((a, b) => a - b)
        const source = bytesSource(fileOf(bits, set, offset))
        const bitmap = openBitmap(source, offset, bits)
        expect(bitmap.total).toBe(set.length)
        for (const bit of [at, 0, bits - 1, bits, ...set.slice(0, 4), ...set.slice(-2).map(bit => bit + 1)]) {
          expect(bitmap.has(bit)).toBe(set.includes(bit))
          expect(bitmap.rank(bit)).toBe(set.filter(other => other < bit).length)
          expect(bitmap.next(bit)).toBe(set.find(other => other >= bit) ?? bits)
        }
        const ranges: { start: number; end: number }[] = []
        for (const bit of set) {
          const last = ranges.at(-1)
          if (last?.end === bit) last.end = bit + 1
          else ranges.push({ start: bit, end: bit + 1 })
        }
        const unit = 4096
        const inBytes = ranges.map(({ start, end }) => ({ start: start * unit, end: end * unit }))
        expect(bitmapRanges(source, offset, bits, unit, 100)).toEqual({ ranges: inBytes, coarse: false })
        expect(bitmapRanges(source, offset, bits, unit, Math.max(1, ranges.length)).coarse).toBe(false)
        if (ranges.length > 2) {
          const few = bitmapRanges(source, offset, bits, unit, 2)
          const rest = { start: inBytes[1]!.start, end: inBytes.at(-1)!.end }
          expect(few).toEqual({ ranges: [inBytes[0], rest], coarse: true })
        }
        // The same bits elsewhere, and one that is another.
        const copy = bytesSource(fileOf(bits, set, 3))
        expect(sameBitmap(source, offset, copy, 3, bits)).toBe(true)
        const change = at % bits
        const other = fileOf(bits, set, 3)
        other[3 + (change >> 3)]! ^= 1 << (change & 7)
        expect(sameBitmap(source, offset, bytesSource(other), 3, bits)).toBe(false)
      }),
      { numRuns: 50 },
    )
  })

  it('that is cut short is said to be, and of no bits is empty', () => {
    const source = bytesSource(new Uint8Array(100))
    expect(openBitmap(source, 90, 80).total).toBe(0)
    expect(thrown(() => openBitmap(source, 90, 81))).toMatchObject({
      code: 'unreadable',
      message: 'the bitmap at file offset 0x5a is cut short: the file ends at 0x64',
      place: { offset: 90 },
    })
    const none = openBitmap(source, 90, 0)
    expect([none.total, none.next(0), none.has(0), none.rank(0)]).toEqual([0, 0, false, 0])
    expect(sameBitmap(source, 0, source, 50, 0)).toBe(true)
  })
})

describe('the data of a page', () => {
  const BLOCK = 4096
  const bytes = Uint8Array.from({ length: 3 * BLOCK }, (_, n) => n % 253)
  const file = {
    source: bytesSource(bytes),
    header: { blockSize: BLOCK, descriptors: 100 },
    firstRank: 5,
  } as KdumpFile
  const read = (offset: number, size: number) => {
    const data = readPageData(file, { offset, size, flags: 0 }, false)
    return typeof data === 'string' ? data : data.length
  }

  it('is as long as its descriptor says, up to twice a page, in the file', () => {
    expect([read(1, 1), read(8, BLOCK), read(8, 2 * BLOCK), read(3 * BLOCK - 5, 5)]).toEqual([
      1,
      BLOCK,
      2 * BLOCK,
      5,
    ])
    expect([read(0, 5), read(3 * BLOCK - 5, 6), read(2 ** 52, 1)]).toEqual([
      'truncated',
      'truncated',
      'truncated',
    ])
    expect([read(8, 0), read(8, 2 * BLOCK + 1)]).toEqual(['unreadable', 'unreadable'])
    const short = {
      ...file,
      source: { size: bytes.length, read: (at: number, n: number) => bytes.subarray(at, at + n - 1) },
    }
    expect(readPageData(short as KdumpFile, { offset: 8, size: 9, flags: 0 }, false)).toBe('truncated')
  })

  it('has its descriptor at its rank, as far as the file goes', () => {
    const at = (offset: number) => {
      const view = new DataView(bytes.buffer, offset)
      return {
        offset: Number(view.getBigUint64(0, true) & 0x1fffffffffffffn),
        size: view.getUint32(8, true),
        flags: view.getUint32(12, true),
      }
    }
    expect(readDescriptor(file, 5)).toMatchObject({ size: at(100).size, flags: at(100).flags })
    expect(readDescriptor(file, 7)).toMatchObject({ size: at(148).size, flags: at(148).flags })
    const last = Math.floor((bytes.length - 24 - 100) / 24) + 5
    expect(readDescriptor(file, last)).not.toBeNull()
    expect(readDescriptor(file, last + 1)).toBeNull()
  })

  const FLAGS: readonly [Codec, number][] = [
    ['raw', 0],
    ['zlib', 1],
    ['lzo', 2],
    ['snappy', 4],
    ['zstd', 0x20],
  ]

  it.each(FLAGS)('is unpacked where its flags name a codec, and of a page: %s', (codec, flags) => {
    const content = contentOf('random', '7', BLOCK)
    const data = encode(content, codec)
    const output = new Uint8Array(BLOCK)
    const descriptor = { offset: 1, size: data.length, flags }
    expect(decompressPage(codecs, data, descriptor, output)).toBe(true)
    expect(output).toEqual(content)
    // Of another size it is no page.
    for (const size of [BLOCK - 1, BLOCK + 1]) {
      const other = encode(contentOf('random', '7', size), codec)
      expect(decompressPage(codecs, other, descriptor, new Uint8Array(BLOCK))).toBe(false)
    }
    expect(decompressPage(codecs, data.subarray(0, 20), descriptor, output)).toBe(false)
    const head = new Uint8Array(64)
    const found = decompressHead(data, descriptor, head)
    expect(found).toBe(codec === 'zstd' ? null : true)
    if (found) expect(head).toEqual(content.subarray(0, 64))
    if (codec !== 'zstd') expect(decompressHead(data.subarray(0, 10), descriptor, head)).toBe(false)
  })

  it('is not unpacked without its codec, or where flags name two, and other flags are none', () => {
    const content = contentOf('count', undefined, BLOCK)
    const output = new Uint8Array(BLOCK)
    for (const [codec, flags] of [
      ['zlib', 1],
      ['zstd', 0x20],
    ] as const) {
      const data = encode(content, codec)
      expect(decompressPage({}, data, { offset: 1, size: data.length, flags }, output)).toBe(false)
    }
    expect(decompressPage(codecs, content, { offset: 1, size: BLOCK, flags: 3 }, output)).toBe(false)
    expect(decompressHead(content, { offset: 1, size: BLOCK, flags: 3 }, new Uint8Array(64))).toBe(false)
    expect([codecOf(0x58), codecOf(0x59), codecOf(0xffff_ffff)]).toEqual([0, 1, 0x27])
  })

  it('that is damaged is none; an error of usage is one', () => {
    const output = new Uint8Array(BLOCK)
    const failing = (error: unknown) => () =>
      decompressPage(
        {
          zlib: () => {
            throw error
          },
        },
        new Uint8Array(8),
        { offset: 1, size: 8, flags: 1 },
        output,
      )
    expect(failing(new Error('bad data'))()).toBe(false)
    expect(failing(new KhoError('unreadable', 'bad data'))()).toBe(false)
    expect(thrown(failing(new KhoError('usage', 'no zlib here')))).toMatchObject({ code: 'usage' })
  })

  it('is kept for those that were used last', () => {
    const cache = createPageCache(2)
    const pages = [1, 2, 3].map(n => Uint8Array.of(n))
    cache.put(10, pages[0]!)
    cache.put(20, pages[1]!)
    expect(cache.get(10)).toBe(pages[0])
    cache.put(30, pages[2]!)
    expect([cache.get(20), cache.get(10), cache.get(30)]).toEqual([undefined, pages[0], pages[2]])
    expect(cache.get(40)).toBeUndefined()
  })
})

describe('a kdump in parts', () => {
  const open = async (text: string) => {
    const source = bytesSource(buildKdump(text))
    return (await openContainer(detectContainer(source), source, { codecs })).memory
  }
  const PAGES = [
    '0 count raw',
    '1 random 3 zlib',
    '2 fill 7 lzo',
    '5 random 4 snappy',
    '9 count zstd',
    '30 fill 1 raw',
  ]

  it.each([1, 4096, 4097, 8192, 3 * 4096, 2 ** 20])(
    'of about %i bytes gives what the whole gives',
    async bytes => {
      const memory = await open(PAGES.join('\n'))
      const pages = (blocks: Iterable<{ phys: number; bytes: Uint8Array }>) => {
        const found: [pfn: number, text: string][] = []
        // The bytes of a block are good until the next one.
        for (const { phys, bytes: all } of blocks)
          for (let at = 0; at < all.length; at += 4096)
            found.push([(phys + at) / 4096, Buffer.from(all.subarray(at, at + 4096)).toString('base64')])
        return found
      }
      const whole = pages(memory.blocks())
      expect(whole.map(([pfn]) => pfn)).toEqual([0, 1, 2, 5, 9, 30])
      const cuts = memory.parts!.cuts(bytes)
      expect([...cuts].every((cut, n) => n === 0 || cut > cuts[n - 1]!)).toBe(true)
      const frames = Math.ceil(bytes / 4096)
      // Each part begins with a page that is there, so many frames behind the one before, or more.
      const starts: number[] = []
      for (let at = 0; at < 32; at = [0, 1, 2, 5, 9, 30].find(pfn => pfn >= starts.at(-1)! + frames) ?? 32)
        starts.push(at)
      expect([...cuts]).toEqual([...starts, 32])
      const parts = starts.map((_, n) => memory.parts!.pass(cuts[n]!, cuts[n + 1]!))
      expect(parts.flatMap(part => pages(part.blocks()))).toEqual(whole)
      const heads = (each: (visit: (phys: number, head: Uint8Array) => void) => void) => {
        const found: [number, string][] = []
        each((phys, head) => found.push([phys, Buffer.from(head).toString('hex')]))
        return found
      }
      expect(parts.flatMap(part => heads(part.pageHeads!))).toEqual(heads(memory.pageHeads!))
    },
  )

  it('of larger pages has no heads', async () => {
    const memory = await open('page 16384\n0 count raw\n1 fill 3 zlib')
    expect([memory.pageHeads, memory.parts!.pass(0, 1).pageHeads]).toEqual([undefined, undefined])
    expect(memory.presentBytes).toBe(2 * 16384)
  })

  it('has blocks that end where a page is missing or damaged, and no longer than a pass takes', async () => {
    const many = await open(`0-69 count zlib\n72 lost\n73 fill 5 raw`)
    expect([...many.blocks()].map(({ phys, bytes }) => [phys / 4096, bytes.length / 4096])).toEqual([
      [0, 64],
      [64, 6],
      [73, 1],
    ])
    const text = '0-2 random 5 raw\n3 random 6 raw'
    const memory = await open(text)
    expect(memory.read(4096 * 4 - 8, 8).ok).toBe(true)
    expect(memory.read(4096 * 4 - 8, 9)).toEqual({ ok: false, reason: 'outside', address: 4096 * 4 })
    expect(memory.read(100, 0)).toMatchObject({ ok: true, offset: null })
    const across = memory.read(4090, 8192)
    expect(across.ok && across.bytes.length).toBe(8192)
    const page = memory.read(0, 4096)
    expect(page.ok && page.offset).toBeTypeOf('number')
  })
})

describe('the headers of a kdump', () => {
  const header = (text: string, ...edits: [at: number, bytes: Uint8Array][]) => {
    const bytes = buildKdump(text)
    for (const [at, part] of edits) bytes.set(part, at)
    return readKdumpHeader(bytesSource(bytes))
  }
  const PAGES = '0 zero\n9 zero'
  const u32 = (value: number) => words([value, 4])
  const u64 = (value: number | bigint) => words([value, 8])

  it('take the page sizes that machines have', () => {
    for (const size of [4096, 8192, 16384, 32768, 65536])
      expect(header(`page ${size}\n0 zero`).blockSize).toBe(size)
    for (const size of [0, 2048, 12288, 131072])
      expect(thrown(() => header(PAGES, [428, u32(size)]))).toMatchObject({
        code: 'unreadable',
        message: `damaged kdump header: pages of ${size} bytes, 1 blocks of sub-header`,
        place: { offset: 428 },
      })
    for (const blocks of [0, 0x10000])
      expect(thrown(() => header(PAGES, [432, u32(blocks)]))).toMatchObject({
        message: expect.stringContaining(`${blocks} blocks of sub-header`),
      })
    // As many as there may be lead behind the end of this one.
    expect(thrown(() => header(PAGES, [432, u32(0xffff)]))).toMatchObject({
      message: expect.stringContaining('the bitmap of dumped pages at file offset'),
    })
  })

  it('are little-endian, of version numbers below 65,536', () => {
    expect(header(PAGES, [8, u32(0xffff)]).version).toBe(0xffff)
    expect(thrown(() => header(PAGES, [8, u32(0x06000000)]))).toMatchObject({
      code: 'unsupported',
      place: { offset: 8 },
    })
    // Large both ways round: no version, but no sign of another order either.
    expect(header(PAGES, [8, u32(0x01000001)]).version).toBe(0x01000001)
  })

  it('count page frames in 32 bits, from version 6 on in 64 where they say so', () => {
    const count = (version: number, narrow: number, wide: number) =>
      header(`version ${version}\n${PAGES}`, [440, u32(narrow)], [4096 + 96, u64(wide)]).maxPfn
    expect([count(5, 20, 30), count(6, 20, 30), count(6, 20, 0), count(7, 20, 30)]).toEqual([20, 30, 20, 30])
  })

  it('have bitmaps in the file, one or two, of whole blocks', () => {
    const two = header(PAGES)
    expect([two.ramBitmap, two.dumpedBitmap, two.descriptors]).toEqual([8192, 12288, 16384])
    const one = header(`onebitmap\n${PAGES}`)
    expect([one.ramBitmap, one.dumpedBitmap, one.descriptors]).toEqual([8192, 8192, 12288])
    const many = (pfns: number, ...edits: [number, Uint8Array][]) =>
      header(`maxpfn ${pfns}\n0 zero`, ...edits)
    expect(many(4096 * 8).descriptors).toBe(16384)
    expect(many(4096 * 8 + 1).descriptors).toBe(24576)
    expect(many(4096 * 8 * 2, [436, u32(2)]).dumpedBitmap).toBe(8192)
    expect(thrown(() => many(4096 * 8 + 1, [436, u32(1)]))).toMatchObject({
      code: 'unreadable',
      message: 'damaged kdump header: 1 blocks of bitmap are too few for 32769 page frames',
      place: { offset: 436 },
    })
    const bytes = buildKdump('maxpfn 80\n0 zero')
    const cut = (length: number) => () => readKdumpHeader(bytesSource(bytes.subarray(0, length)))
    expect(cut(12288 + 10)().maxPfn).toBe(80)
    expect(thrown(cut(12288 + 9))).toMatchObject({
      code: 'unreadable',
      message: 'the bitmap of dumped pages at file offset 0x3000 is cut short: the file ends at 0x3009',
      place: { offset: 12288 },
    })
    expect(thrown(cut(4096 + 50))).toMatchObject({
      message: expect.stringContaining('the sub-header at file offset 0x1000'),
    })
    expect(thrown(cut(100))).toMatchObject({
      message: expect.stringContaining('the kdump header at file offset 0x0'),
    })
    const other = bytes.slice()
    other[7] = 1
    expect(thrown(() => readKdumpHeader(bytesSource(other)))).toMatchObject({
      code: 'unknown-format',
      place: { offset: 0 },
    })
  })

  it('say which frames a part has, up to the last', () => {
    const split = (version: number, ...edits: [number, Uint8Array][]) =>
      header(`version ${version}\nmaxpfn 32\nsplit 4 8\n${PAGES}`, ...edits).split
    expect([split(1), split(2), split(6)]).toEqual([null, { start: 4, end: 8 }, { start: 4, end: 8 }])
    expect(split(2, [4096 + 16, u64(8)])).toEqual({ start: 8, end: 8 })
    expect(thrown(() => split(2, [4096 + 16, u64(9)]))).toMatchObject({
      message: 'damaged kdump header: this part begins at page frame 0x9 and ends at 0x8',
    })
    expect(split(2, [4096 + 24, u64(99)])).toEqual({ start: 4, end: 32 })
    // In 64 bits, where they say so.
    expect(split(6, [4096 + 80, u64(5)], [4096 + 88, u64(6)])).toEqual({ start: 5, end: 6 })
    expect(split(6, [4096 + 80, u64(5)], [4096 + 88, u64(0)])).toEqual({ start: 4, end: 8 })
    expect(split(5, [4096 + 80, u64(5)], [4096 + 88, u64(6)])).toEqual({ start: 4, end: 8 })
    expect(thrown(() => split(2, [4096 + 16, u64(2n ** 52n)]))).toMatchObject({
      message: 'damaged kdump header: start_pfn is 0x10000000000000',
    })
    expect(header(PAGES).split).toBeNull()
  })

  it('have what came with their version', () => {
    const at = (version: number) => {
      const { dumpLevel, vmcoreinfo, notes, eraseinfo } = header(
        `version ${version}\nlevel 31\nvmcoreinfo A\nnote B\neraseinfo C\n${PAGES}`,
      )
      return [dumpLevel, vmcoreinfo.size > 0, notes.size > 0, eraseinfo.size > 0]
    }
    expect([0, 1, 2, 3, 4, 5, 6].map(at)).toEqual([
      [null, false, false, false],
      [31, false, false, false],
      [31, false, false, false],
      [31, true, false, false],
      [31, true, true, false],
      [31, true, true, true],
      [31, true, true, true],
    ])
    // What lies nowhere stays nonsense.
    expect(header(PAGES, [4096 + 32, u64(2n ** 63n)]).vmcoreinfo.offset).toBe(2 ** 52)
  })
})

describe('what a kdump says of itself', () => {
  const faultsOf = async (
    text: string,
    edit: (bytes: Uint8Array) => Uint8Array = bytes => bytes,
    given: object = codecs,
  ) => {
    const source = bytesSource(edit(buildKdump(text)))
    const dump = await openContainer(detectContainer(source), source, { codecs: given })
    return dump.faults.map(({ message }) => message)
  }

  it('is how much was left out, and why', async () => {
    const left = (level: number, version = 6) =>
      faultsOf(`version ${version}\nlevel ${level}\nram 0-9\n0 zero\n5 zero`)
    const text = '8 pages of RAM (32768 bytes) were excluded'
    const behind = '; preserved memory is often among them'
    expect(await left(31)).toEqual([
      `${text} at dump level 31 (pages of zeros, cache, private cache, user data, free pages)${behind}`,
    ])
    for (const [level, kind] of [
      [1, 'pages of zeros'],
      [2, 'cache'],
      [4, 'private cache'],
      [8, 'user data'],
      [16, 'free pages'],
    ] as const)
      expect(await left(level)).toEqual([`${text} at dump level ${level} (${kind})${behind}`])
    expect(await left(0)).toEqual([`${text} at dump level 0${behind}`])
    expect(await left(31, 0)).toEqual([`${text}${behind}`])
    expect(await faultsOf('ram 0-1\n0-1 zero')).toEqual([])
  })

  it('is that it is not whole, marked so or cut off', async () => {
    expect(await faultsOf('status 9\n0 zero')).toEqual([
      'makedumpfile marked this dump as incomplete (status 0x8): it ran out of space',
    ])
    const pages = '0 random 1 raw\n1 random 2 raw\n2 random 3 raw'
    const cut = (bytes: number) => faultsOf(pages, all => all.subarray(0, all.length - bytes))
    expect(await cut(0)).toEqual([])
    const whole = buildKdump(pages).length
    const lost = (bytes: number, count: number) => [
      `the file ends at 0x${(whole - bytes).toString(16)}, before the data of at least ${count} pages`,
    ]
    expect(await cut(1)).toEqual(lost(1, 1))
    expect(await cut(4096)).toEqual(lost(4096, 1))
    expect(await cut(4097)).toEqual(lost(4097, 2))
    expect(await cut(3 * 4096)).toEqual(lost(3 * 4096, 3))
    const within = (length: number, missing: number) => [
      `the file ends at 0x${length.toString(16)}, within the page descriptors: ${missing} of 3 pages are not there`,
    ]
    expect(await faultsOf(pages, all => all.subarray(0, 16384 + 71))).toEqual(within(16384 + 71, 1))
    expect(await faultsOf(pages, all => all.subarray(0, 16384 + 24))).toEqual(within(16384 + 24, 2))
    expect(await faultsOf(pages, all => all.subarray(0, 16384 - 5))).toEqual(within(16384 - 5, 3))
  })

  it('is which decompressors it needs', async () => {
    const needs = (status: number, given: object) => faultsOf(`status ${status}\n0 zero`, undefined, given)
    const text = (name: string) => `no decompressor for ${name} was handed in: its pages are unreadable`
    expect(await needs(0x21, {})).toEqual([text('zlib'), text('zstd')])
    expect(await needs(1, {})).toEqual([text('zlib')])
    expect(await needs(0x20, {})).toEqual([text('zstd')])
    expect(await needs(2, {})).toEqual([])
    expect(await needs(0x21, { zlib: codecs.zlib! })).toEqual([text('zstd')])
    expect(await needs(0x21, codecs)).toEqual([])
  })

  it('is notes, each once, in the file', async () => {
    const notesOf = async (text: string, edit?: (bytes: Uint8Array) => void) => {
      const bytes = buildKdump(text)
      edit?.(bytes)
      const source = bytesSource(bytes)
      const dump = await openContainer(detectContainer(source), source, { codecs })
      return [
        dump.notes.map(({ name, length }) => [name, length]),
        dump.faults.map(({ code }) => code),
        dump.vmcoreinfo,
      ]
    }
    expect(await notesOf('vmcoreinfo ABC\neraseinfo DE\n0 zero')).toEqual([
      [
        ['VMCOREINFO', 3],
        ['ERASEINFO', 2],
      ],
      ['DUMP-ERASED'],
      'ABC',
    ])
    const beyond = (bytes: Uint8Array) => bytes.set(words([bytes.length - 2, 8]), 4096 + 32)
    expect(await notesOf('vmcoreinfo ABC\n0 zero', beyond)).toEqual([[], ['DUMP-NOTE'], null])
    const last = (bytes: Uint8Array) => bytes.set(words([bytes.length - 3, 8]), 4096 + 32)
    expect((await notesOf('vmcoreinfo ABC\n0 zero', last))[0]).toEqual([['VMCOREINFO', 3]])
    expect((await notesOf('0 zero'))[0]).toEqual([])
  })

  it('is its machine, and how large its files are', async () => {
    const open = async (text: string) => {
      const source = bytesSource(buildKdump(text))
      const dump = await openContainer(detectContainer(source), source, { codecs })
      return [dump.machine, dump.memory.inputSize === source.size, dump.memory.presentBytes, dump.elf]
    }
    expect(await open('machine aarch64\n0-2 zero')).toEqual(['aarch64', true, 3 * 4096, null])
    expect((await open('machine \n0 zero'))[0]).toBeNull()
  })
})
