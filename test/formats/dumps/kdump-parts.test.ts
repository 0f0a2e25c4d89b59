import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { detectContainer, openContainer } from '../../../formats/dumps/containers.js'
import { bitmapRanges, openBitmap, sameBitmap } from '../../../formats/dumps/kdump-bitmap.js'
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
import { buildKdump, type Codec, contentOf, encode } from './kdump-build.js'

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
