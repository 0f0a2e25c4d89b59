import { describe, expect, it } from 'vitest'
import { containerNamed, detectContainer, openContainer } from '../../../formats/dumps/containers.js'
import type { Dump } from '../../../formats/dumps/dump.js'
import { bytesSource } from '../../../formats/memory/byte-source.js'
import { codecs } from '../../../src/node/codecs.js'
import { buildKdump, contentOf, flatten } from './kdump-build.js'

async function open(...files: Uint8Array[]): Promise<Dump> {
  const [first, ...parts] = files.map(bytes => bytesSource(bytes))
  return openContainer(detectContainer(first!), first!, { parts, codecs })
}

/** Every page of the first 32 as one letter or the reason of its absence. */
function pagesOf({ memory }: Dump, count = 32, size = 4096): string {
  return Array.from({ length: count }, (_, pfn) => {
    const read = memory.read(pfn * size, size)
    if (!read.ok) return { outside: '-', excluded: 'x', truncated: 't', unreadable: '!' }[read.reason]
    const { bytes } = read
    const contents = { 0: contentOf('zero', '', size), c: contentOf('count', '', size) }
    for (const [letter, content] of Object.entries(contents)) if (same(bytes, content)) return letter
    if (bytes.every(byte => byte === bytes[0])) return 'f'
    for (let seed = 1; seed < 9; seed++)
      if (same(bytes, contentOf('random', `${seed}`, size))) return `${seed}`
    return '?'
  }).join('')
}

const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0

const codes = (dump: Dump) => dump.faults.map(({ code }) => code)

const BASIC = (codec: string) => `
  ram 0-11
  vmcoreinfo OSRELEASE=7.2.0\\nPAGESIZE=4096\\n
  1 zero ${codec}
  2 fill 0xa5 ${codec}
  3 count ${codec}
  4 random 4 ${codec}
  5-6 as 1
  9 random 5 ${codec}`

describe('kdump, the cases of libkdumpfile', () => {
  it.each(['raw', 'zlib', 'lzo', 'snappy', 'zstd'])('basic: %s', async codec => {
    const dump = await open(buildKdump(BASIC(codec)))
    expect(pagesOf(dump, 14)).toBe('x0fc400xx5xx--')
    expect(dump.memory.ranges).toEqual([{ start: 0, end: 0xc000 }])
    expect(dump.machine).toBe('x86_64')
    expect(dump.vmcoreinfo).toBe('OSRELEASE=7.2.0\nPAGESIZE=4096\n')
    expect(codes(dump)).toEqual(['DUMP-FILTERED'])
    expect(dump.container).toBe('kdump')
  })

  it.each([0, 1, 2, 3, 4, 5, 6])('header version %i has what came up to then', async version => {
    const text = `version ${version}\nlevel 31\nvmcoreinfo A=1\\n\nnote text\neraseinfo erase b\\n\nram 0-9\n1 count zlib`
    const dump = await open(buildKdump(text))
    expect(pagesOf(dump, 11)).toBe('xcxxxxxxxx-')
    expect(dump.vmcoreinfo).toBe(version >= 3 ? 'A=1\n' : null)
    expect(dump.notes.map(note => note.name)).toEqual(
      ['CORE', 'VMCOREINFO', 'ERASEINFO'].filter((_, i) => version >= [4, 3, 5][i]!),
    )
    const level =
      version >= 1 ? ' at dump level 31 (pages of zeros, cache, private cache, user data, free pages)' : ''
    expect(dump.faults.find(fault => fault.code === 'DUMP-FILTERED')?.message).toBe(
      `9 pages of RAM (36864 bytes) were excluded${level}; preserved memory is often among them`,
    )
  })

  it('erase info is kept, and said', async () => {
    const bytes = buildKdump('eraseinfo erase jiffies 8\\n\n0 zero')
    const dump = await open(bytes)
    const note = dump.notes.find(({ name }) => name === 'ERASEINFO')!
    expect(new TextDecoder().decode(bytes.subarray(note.offset, note.offset + note.length))).toBe(
      'erase jiffies 8\n',
    )
    expect(codes(dump)).toEqual(['DUMP-ERASED'])
  })

  it('excluded: filtered pages, holes and zero pages are told apart', async () => {
    const dump = await open(buildKdump('ram 2-5\nram 8-9\n2 zero zlib\n5 count lzo\n9 as 2'))
    expect(pagesOf(dump, 12)).toBe('--0xxc--x0--')
    expect(dump.memory.ranges).toEqual([
      { start: 0x2000, end: 0x6000 },
      { start: 0x8000, end: 0xa000 },
    ])
    expect(dump.memory.read(0x3ff8, 16)).toEqual({ ok: false, reason: 'excluded', address: 0x3ff8 })
    expect(dump.memory.read(0x2ff8, 16)).toEqual({ ok: false, reason: 'excluded', address: 0x3000 })
    expect(dump.memory.read(0x5ff8, 16)).toEqual({ ok: false, reason: 'outside', address: 0x6000 })
  })

  it('empty: no page, or no RAM at all', async () => {
    expect(pagesOf(await open(buildKdump('ram 0-3')), 5)).toBe('xxxx-')
    const none = await open(buildKdump('maxpfn 32'))
    expect(none.memory.ranges).toEqual([])
    expect([...none.memory.blocks()]).toEqual([])
    expect(none.faults).toEqual([])
  })

  it('one bitmap: what was not dumped is not known to be RAM', async () => {
    expect(pagesOf(await open(buildKdump('onebitmap\n1 count zlib\n3 zero')), 5)).toBe('-c-0-')
  })

  it('mixed: every codec in one file', async () => {
    const text =
      '0 random 1 raw\n1 random 2 zlib\n2 random 3 lzo\n3 random 4 snappy\n4 random 5 zstd\n5 zero zstd'
    expect(pagesOf(await open(buildKdump(text)), 7)).toBe('123450-')
  })

  it('multi-read: spans over pages, codecs and edges', async () => {
    const { memory } = await open(buildKdump('0 random 1 zlib\n1 random 2 raw\n2 count lzo\n4 zero'))
    const all = Buffer.concat([
      contentOf('random', '1', 4096),
      contentOf('random', '2', 4096),
      contentOf('count', '', 4096),
    ])
    for (const [phys, length] of [
      [0, 12288],
      [1, 12287],
      [4095, 2],
      [4090, 4110],
      [8192, 4096],
      [77, 0],
    ] as const) {
      const read = memory.read(phys, length)
      expect(read.ok && same(read.bytes, all.subarray(phys, phys + length))).toBe(true)
    }
    expect(memory.read(0, 12289)).toEqual({ ok: false, reason: 'outside', address: 12288 })
    expect(memory.read(0x4000, 2 ** 50)).toMatchObject({ ok: false, address: 0x5000 })
    expect(() => memory.read(-1, 1)).toThrow(/read of 1 bytes/)
  })

  it('file offsets are those of plain pages, null for compressed ones', async () => {
    const bytes = buildKdump('0 random 1 raw\n1 random 1 zlib')
    const { memory } = await open(bytes)
    const read = memory.read(16, 8)
    expect(read.ok && [...bytes.subarray(read.offset!, read.offset! + 8)]).toEqual(read.ok && [...read.bytes])
    expect(memory.read(4096, 8)).toMatchObject({ ok: true, offset: null })
  })

  it.each([16384, 65536])('pages of %i bytes', async size => {
    const text = `page ${size}\nmachine aarch64\n0 count lzo\n1 random 3 zlib\n3 fill 7 snappy`
    const dump = await open(buildKdump(text))
    expect(pagesOf(dump, 5, size)).toBe('c3-f-')
    expect(dump.machine).toBe('aarch64')
    expect(dump.memory.pageHeads).toBeUndefined()
  })

  it('partial: a dump that ran out of space', async () => {
    const dump = await open(buildKdump('status 9\n0 count zlib\n1 zero\n2-4 lost'))
    expect(pagesOf(dump, 6)).toBe('c0ttt-')
    expect(codes(dump)).toEqual(['DUMP-INCOMPLETE'])
  })

  it('cut short: in the data, and in the descriptors', async () => {
    const whole = buildKdump('0 random 1\n1 random 2\n2 random 3')
    const data = await open(whole.subarray(0, whole.length - 1))
    expect(pagesOf(data, 4)).toBe('12t-')
    expect(codes(data)).toEqual(['DUMP-TRUNCATED'])
    const descriptors = await open(whole.subarray(0, 4 * 4096 + 30))
    expect(pagesOf(descriptors, 4)).toBe('ttt-')
    expect(descriptors.faults[0]?.message).toMatch(/2 of 3 pages are not there/)
    await expect(open(whole.subarray(0, 3 * 4096))).rejects.toMatchObject({ code: 'unreadable' })
    await expect(open(whole.subarray(0, 4100))).rejects.toMatchObject({ code: 'unreadable' })
    await expect(open(whole.subarray(0, 100))).rejects.toMatchObject({ code: 'unreadable' })
  })

  it('many pages: the index is right beyond its first pieces', async () => {
    const lines = ['maxpfn 20000', 'ram 0-19999', '0 count zlib']
    for (let pfn = 0; pfn < 20000; pfn += pfn % 7 === 0 ? 1 : 3)
      lines.push(`${pfn} ${pfn % 2 === 0 ? 'as 0' : 'fill 9'}`)
    const dump = await open(buildKdump(lines.join('\n').replace('\n0 as 0', '')))
    const dumped = new Set(lines.slice(3).map(line => Number(line.split(' ')[0])))
    for (const pfn of [...dumped].filter((_, i) => i % 97 === 0).concat(4095, 4096, 8191, 8192, 19999)) {
      const read = dump.memory.read(pfn * 4096 + 250, 2)
      expect(read.ok).toBe(dumped.has(pfn))
      if (read.ok) expect([...read.bytes]).toEqual(pfn % 2 === 0 ? [250, 0] : [9, 9])
    }
  })
})

describe('a pass over a kdump', () => {
  const text =
    'ram 0-40\n0 random 1 lzo\n1-2 zero zlib\n3 random 2 snappy\n4 as 1\n9 random 3 zstd\n10 lost\n11 count raw\n12 random 4 zlib'

  it('gives every page once', async () => {
    const { memory } = await open(buildKdump(text))
    const seen: [number, number][] = []
    for (const { phys, bytes } of memory.blocks()) {
      seen.push([phys, bytes.length])
      const read = memory.read(phys, bytes.length)
      expect(read.ok && same(read.bytes, bytes)).toBe(true)
    }
    expect(seen).toEqual([
      [0, 0x5000],
      [0x9000, 0x1000],
      [0xb000, 0x2000],
    ])
    expect(memory.presentBytes).toBe(9 * 4096)
  })

  it('gives the first bytes of every page', async () => {
    const { memory } = await open(buildKdump(text))
    const heads: [number, number[]][] = []
    memory.pageHeads!((phys, head) => heads.push([phys / 4096, [...head]]))
    expect(heads.map(([pfn]) => pfn)).toEqual([0, 1, 2, 3, 4, 9, 11, 12])
    for (const [pfn, head] of heads) {
      const read = memory.read(pfn * 4096, 64)
      expect(read.ok && [...read.bytes]).toEqual(head)
    }
  })
})

describe('split sets', () => {
  const pages =
    '0 random 1 zlib\n1 zero\n2 as 1\n3 random 2 lzo\n4 random 3\n5 as 4\n6 count snappy\n7 random 4 zstd'
  const part = (from: number, to: number, more = '') =>
    buildKdump(`ram 0-9\nsplit ${from} ${to}\n${more}\n${pages}`)

  it.each([[[0, 1, 2]], [[2, 1, 0]], [[1, 2, 0]]])('are whole in any order: %j', async order => {
    const files = [part(0, 3), part(3, 6), part(6, 32)]
    const dump = await open(...order.map(i => files[i]!))
    expect(pagesOf(dump, 11)).toBe('100233c4xx-')
    expect(codes(dump)).toEqual(['DUMP-FILTERED'])
    const blocks = [...dump.memory.blocks()].map(({ phys, bytes }) => [phys, bytes.length])
    expect(blocks).toEqual([[0, 0x8000]])
  })

  it('flattened, some or all', async () => {
    const files = [part(0, 3), part(3, 6), part(6, 32)]
    const flat = files.map(file => flatten(file, 1000))
    expect(pagesOf(await open(...flat), 11)).toBe('100233c4xx-')
    expect(pagesOf(await open(files[0]!, flat[1]!, files[2]!), 11)).toBe('100233c4xx-')
  })

  it('with 64-bit page frames only, and with header version 2', async () => {
    expect(pagesOf(await open(part(0, 3, 'wide'), part(3, 32, 'wide')), 11)).toBe('100233c4xx-')
    expect(pagesOf(await open(part(0, 3, 'version 2'), part(3, 32, 'version 2')), 11)).toBe('100233c4xx-')
  })

  it('with bitmaps of their own', async () => {
    const a = buildKdump('ram 0-9\nmaxpfn 32\nsplit 0 4\n1 random 1\n2 random 2')
    const b = buildKdump('ram 0-9\nmaxpfn 32\nsplit 4 32\n5 random 3\n6 random 4')
    expect(pagesOf(await open(b, a), 11)).toBe('x12xx34xxx-')
  })

  it('without a part: what is in it is named', async () => {
    const dump = await open(part(0, 3), part(6, 32))
    expect(pagesOf(dump, 11)).toBe('100!!!c4xx-')
    const fault = dump.faults.find(({ code }) => code === 'DUMP-PART')
    expect(fault?.message).toBe(
      'the part with page frames 0x3 to 0x6 is missing: 3 pages of it were dumped; give it with --part',
    )
    expect(fault?.address).toBe(0x3000)
  })

  it('of parts that do not belong together are refused', async () => {
    const whole = buildKdump(pages)
    await expect(open(part(0, 3), part(0, 3))).rejects.toMatchObject({
      code: 'usage',
      message: /given twice/,
    })
    await expect(open(part(0, 3), whole)).rejects.toMatchObject({
      code: 'usage',
      message: /part 1 is a whole dump/,
    })
    await expect(open(whole, part(0, 3))).rejects.toMatchObject({
      code: 'usage',
      message: /the image is a whole/,
    })
    const other = part(3, 32, 'machine aarch64')
    await expect(open(part(0, 3), other)).rejects.toMatchObject({ code: 'usage', message: /another dump/ })
  })
})

describe('kdumps that are refused', () => {
  const edit = (offset: number, ...bytes: number[]) => {
    const file = buildKdump('0 zero')
    file.set(bytes, offset)
    return file
  }

  it.each<[string, Uint8Array, string, RegExp]>([
    ['diskdump', edit(0, ...new TextEncoder().encode('DISKDUMP')), 'unsupported', /before KHO/],
    ['big-endian', edit(8, 0, 0, 0, 6), 'unsupported', /big-endian/],
    ['32-bit', edit(416, 0, 16, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0), 'unsupported', /32-bit/],
    ['pages of 3 bytes', edit(428, 3, 0), 'unreadable', /pages of 3 bytes/],
    ['no bitmap', edit(436, 0), 'unreadable', /too few/],
    ['too many page frames', edit(4096 + 96, 0, 0, 0, 0, 3), 'unsupported', /page frames/],
    ['page frames beyond all', edit(4096 + 96, 0, 0, 0, 0, 0, 0, 0, 1), 'unreadable', /max_mapnr/],
  ])('%s', async (_, file, code, message) => {
    await expect(open(file)).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  })

  it('a missing decompressor is said, and its pages are unreadable', async () => {
    const source = bytesSource(buildKdump('status 33\n0 zero zlib\n1 zero zstd\n2 zero lzo'))
    const dump = await openContainer(containerNamed('kdump'), source)
    expect(pagesOf(dump, 4)).toBe('!!0-')
    expect(codes(dump)).toEqual(['DUMP-CODEC', 'DUMP-CODEC'])
  })
})
