import { mkdirSync, truncateSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { OpenOptions } from '../../../src/image/open.js'
import { withoutFlash } from '../../../src/image/ram-options.js'
import { openBytes, openImage } from '../../../src/node/open.js'
import { buildElf, filler } from '../../formats/dumps/elf-build.js'
import { concat, workDirectory, zstdFrame } from './open-fixtures.js'

const file = workDirectory()
const elf = buildElf({
  size: 0x3000,
  programs: [{ offset: 0x1000n, paddr: 0x10_0000n, filesz: 0x2000n, memsz: 0x3000n }],
})
const raw = Uint8Array.from({ length: 0x3000 }, (_, i) => (i + 1) % 251)
const elfZst = zstdFrame([{ raw: elf }], { contentSize: elf.length })

describe('openImage', () => {
  it('opens an ELF core', async () => {
    const image = await openImage(file('a.elf', elf))
    expect(image).toMatchObject({ container: 'elf', compression: null, path: file('a.elf') })
    expect(image.ramKnown).toEqual([{ start: 0x10_0000, end: 0x10_3000 }])
    const read = image.memory.read(0x10_0800, 2)
    expect(read).toMatchObject({ ok: true, offset: 0x1800 })
    expect(read.ok && [...read.bytes]).toEqual([filler(0x1800), filler(0x1801)])
    expect(image.memory.read(0x10_2000, 1)).toMatchObject({ ok: false, reason: 'excluded' })
    image.close()
    image.close()
    expect(() => image.memory.read(0x10_0000, 1)).toThrow(/was closed/)
  })

  it.each<[string, Uint8Array, 'zst' | 'gz']>([
    ['a.elf.zst', elfZst, 'zst'],
    ['a.elf.gz', gzipSync(elf), 'gz'],
    ['named-otherwise', elfZst, 'zst'],
    ['named-otherwise', gzipSync(elf), 'gz'],
  ])('opens %s compressed; its bytes have no place in the file', async (name, bytes, compression) => {
    const image = await openImage(file(name, bytes))
    expect(image).toMatchObject({ container: 'elf', compression })
    expect(image.memory.read(0x10_0800, 1)).toEqual({
      ok: true,
      bytes: Uint8Array.of(filler(0x1800)),
      offset: null,
    })
    expect([...image.memory.blocks()].map(({ phys, offset }) => [phys, offset])).toEqual([[0x10_0000, null]])
    image.close()
  })

  it('opens raw files as the options say', async () => {
    const path = file('a.raw', raw)
    const ranges = async (options: OpenOptions) => {
      const image = await openImage(path, options)
      image.close()
      return image.ramKnown
    }
    expect(await ranges({})).toEqual([{ start: 0, end: 0x3000 }])
    expect(await ranges({ base: 0x5000 })).toEqual([{ start: 0x5000, end: 0x8000 }])
    expect(await ranges({ lowMemory: 0x1000 })).toEqual([
      { start: 0, end: 0x1000 },
      { start: 2 ** 32, end: 2 ** 32 + 0x2000 },
    ])
    expect(await ranges({ map: [{ phys: 0x7000, offset: 0x10, length: 0x20 }] })).toEqual([
      { start: 0x7000, end: 0x7020 },
    ])
  })

  it('takes raw options with a compressed file', async () => {
    const image = await openImage(file('a.raw.gz', gzipSync(raw)), { base: 0x5000 })
    expect(image.memory.read(0x5000, 1)).toEqual({ ok: true, bytes: raw.subarray(0, 1), offset: null })
    image.close()
  })

  it('believes raw options more than the magic, and says so', async () => {
    const image = await openImage(file('b.elf', elf), { base: 0 })
    expect(image.container).toBe('raw')
    expect(image.dump.faults).toMatchObject([
      { code: 'DUMP-RAW-ASSUMED', message: expect.stringContaining('an ELF file') },
    ])
    image.close()
  })

  it('believes the format more than the magic', async () => {
    const image = await openImage(file('gzip-like', concat(Uint8Array.of(0x1f, 0x8b, 8), raw)), {
      format: 'raw',
    })
    expect(image).toMatchObject({ container: 'raw', compression: null })
    image.close()
    await expect(openImage(file('c.raw', raw), { format: 'elf' })).rejects.toMatchObject({
      code: 'unknown-format',
      message: `${file('c.raw')}: not an ELF file: the magic 7f 45 4c 46 is missing`,
    })
    await expect(openImage(file('a.elf', elf), { format: 'elf', base: 0 })).rejects.toMatchObject({
      code: 'usage',
    })
  })

  it('knows RAM that the dump does not mention', async () => {
    const ram = [
      { start: 0, end: 0x10_1000 },
      { start: 0x20_0000, end: 0x30_0000 },
    ]
    const image = await openImage(file('d.elf', elf), { ram })
    expect(image.ramKnown).toEqual([
      { start: 0, end: 0x10_3000 },
      { start: 0x20_0000, end: 0x30_0000 },
    ])
    expect(image.memory.ranges).toEqual(image.ramKnown)
    expect(image.dump.memory.ranges).toEqual([{ start: 0x10_0000, end: 0x10_3000 }])
    const reason = (address: number) => image.memory.read(address, 1)
    expect(reason(0x1000)).toEqual({ ok: false, reason: 'excluded', address: 0x1000 })
    expect(reason(0x2f_ffff)).toEqual({ ok: false, reason: 'excluded', address: 0x2f_ffff })
    expect(reason(0x30_0000)).toEqual({ ok: false, reason: 'outside', address: 0x30_0000 })
    expect(reason(0x10_0000).ok).toBe(true)
    expect([...image.memory.blocks()]).toHaveLength(1)
    image.close()
    await expect(openImage(file('d.elf'), { ram: [{ start: 5, end: 5 }] })).rejects.toMatchObject({
      code: 'usage',
    })
  })

  it('opens a sparse terabyte at once', async () => {
    const path = file('huge.raw', raw)
    truncateSync(path, 2 ** 40)
    const image = await openImage(path)
    expect(image.memory.read(2 ** 40 - 8, 8)).toEqual({
      ok: true,
      bytes: new Uint8Array(8),
      offset: 2 ** 40 - 8,
    })
    expect(image.memory.read(2 ** 40, 1)).toMatchObject({ ok: false, reason: 'outside' })
    image.close()
  })
})

describe('what cannot be opened', () => {
  it.each<[string, () => string, string, string]>([
    ['a missing file', () => file('none'), 'unreadable', 'no such file'],
    ['a directory', directory, 'unreadable', 'is a directory'],
    ['an empty file', () => file('empty', new Uint8Array(0)), 'unreadable', 'is empty'],
    ['a device', () => '/dev/null', 'unreadable', 'is a device'],
    ['a file below a file', () => `${file('x', raw)}/y`, 'unreadable', 'a part of the path is no folder'],
    ['a wrong name .zst', () => file('x.zst', raw), 'unreadable', 'does not begin as zstd data does'],
    ['a wrong name .gz', () => file('x.gz', raw), 'unreadable', 'does not begin as gzip data does'],
    [
      'half of a gzip file',
      () => file('h.gz', gzipSync(raw).subarray(0, 60)),
      'unreadable',
      'unexpected end of file',
    ],
    ['gzip data with a wrong sum', () => file('s.gz', brokenSum()), 'unreadable', 'incorrect data check'],
    [
      'gzip data of nothing',
      () => file('n.gz', gzipSync(new Uint8Array(0))),
      'unreadable',
      'is empty inside',
    ],
    [
      'a migration stream',
      () => file('q', Buffer.from('QEVM and so on')),
      'unsupported',
      'a QEMU migration stream',
    ],
    ['an archive in zstd', () => file('t.zst', tarZst()), 'unsupported', 'a tar archive'],
    ['a header without the rest', () => file('e', elf.subarray(0, 30)), 'unreadable', 'cut short'],
  ])('is refused with one line: %s', async (_, path, code, message) => {
    const name = path()
    const error = await openImage(name).then(
      () => null,
      (reason: unknown) => reason,
    )
    expect(error).toMatchObject({
      name: 'KhoError',
      code,
      message: expect.stringContaining(message),
      place: { path: name },
    })
    expect(error).toMatchObject({ message: expect.stringMatching(/^[^\n]+$/) })
    expect(error).toMatchObject({ message: expect.stringContaining(name) })
  })

  function directory(): string {
    const path = file('directory')
    mkdirSync(path)
    return path
  }

  function brokenSum(): Uint8Array {
    const bytes = gzipSync(raw)
    bytes[bytes.length - 8] = bytes[bytes.length - 8]! ^ 1
    return bytes
  }

  function tarZst(): Uint8Array {
    const tar = new Uint8Array(1024)
    tar.set(new TextEncoder().encode('ustar'), 257)
    return zstdFrame([{ raw: tar }])
  }

  it('includes a part that is missing, or not wanted', async () => {
    const path = file('p.elf', elf)
    await expect(openImage(path, { parts: [file('none')] })).rejects.toMatchObject({ code: 'unreadable' })
    await expect(openImage(path, { parts: [path] })).rejects.toMatchObject({ code: 'usage' })
  })
})

describe('openBytes', () => {
  it('opens bytes and buffers, compressed or not', async () => {
    for (const bytes of [elf, elf.slice().buffer, elfZst, new Uint8Array(gzipSync(elf))]) {
      const image = await openBytes(bytes)
      expect(image.container).toBe('elf')
      const read = image.memory.read(0x10_0000, 1)
      expect(read.ok && read.bytes[0]).toBe(filler(0x1000))
      image.close()
    }
  })

  it('refuses nothing, and parts', async () => {
    await expect(openBytes(new ArrayBuffer(0))).rejects.toMatchObject({ code: 'unreadable' })
    await expect(openBytes(elf, { parts: ['x'] })).rejects.toMatchObject({ code: 'usage' })
  })
})

describe("a PC's flash", () => {
  const ranges = [
    { start: 0, end: 2 ** 30 },
    { start: 0xfffc0000, end: 2 ** 32 },
  ]

  it('is no RAM, though QEMU dumps it', () => {
    expect(withoutFlash(ranges, 'x86_64')).toEqual(ranges.slice(0, 1))
  })

  it('is RAM elsewhere, and where the range goes on', () => {
    expect(withoutFlash(ranges, 'aarch64')).toEqual(ranges)
    const wide = [{ start: 2 ** 20, end: 2 ** 33 }]
    expect(withoutFlash(wide, 'x86_64')).toEqual(wide)
  })
})
