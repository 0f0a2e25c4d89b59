import { describe, expect, it } from 'vitest'
import {
  containerNamed,
  containers,
  detectContainer,
  openContainer,
} from '../../../formats/dumps/containers.js'
import { bytesSource } from '../../../formats/memory/byte-source.js'
import { buildElf, thrown } from './elf-build.js'

function fileWith(magic: readonly number[], offset = 0): Uint8Array {
  const bytes = new Uint8Array(1024)
  bytes.set(magic, offset)
  return bytes
}

const text = (value: string) => [...new TextEncoder().encode(value)]

describe('detection', () => {
  it.each<[string, Uint8Array]>([
    ['elf', fileWith([0x7f, ...text('ELF')])],
    ['kdump', fileWith(text('KDUMP   '))],
    ['kdump', fileWith(text('DISKDUMP'))],
    ['flattened', fileWith(text('makedumpfile\0'))],
    // 0x4c694d45, little-endian
    ['lime', fileWith([0x45, 0x4d, 0x69, 0x4c])],
    ['avml', fileWith(text('AVML'))],
    ['qemu-migration', fileWith(text('QEVM'))],
    ['qemu-migration', fileWith(text('LibvirtQemudSave'))],
    ['lkcd', fileWith([0xed, 0x23, 0x8f, 0x61, 0x73, 0x01, 0x19, 0xa8])],
    ['windows', fileWith(text('PAGEDU64'))],
    ['qcow2', fileWith([...text('QFI'), 0xfb])],
    ['gzip', fileWith([0x1f, 0x8b, 8])],
    ['zstd', fileWith([0x28, 0xb5, 0x2f, 0xfd])],
    ['xz', fileWith([0xfd, ...text('7zXZ\0')])],
    ['bzip2', fileWith(text('BZh91AY&SY'))],
    ['lz4', fileWith([4, 0x22, 0x4d, 0x18])],
    ['tar', fileWith(text('ustar'), 257)],
    ['bzip2', fileWith(text('BZh11AY&SY'))],
    ['raw', fileWith(text('BZh and no more'))],
    ['raw', fileWith(text('BZh01AY&SY'))],
    ['raw', fileWith(text('BZh:1AY&SY'))],
    ['raw', fileWith(text('BZx91AY&SY'))],
    ['raw', fileWith(text('BZh91AY&S'))],
    ['raw', fileWith([])],
    ['raw', new Uint8Array(3)],
  ])('finds %s', (name, bytes) => {
    expect(detectContainer(bytesSource(bytes)).name).toBe(name)
  })

  it('knows every name once', () => {
    const names = containers.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    for (const name of names) expect(containerNamed(name).name).toBe(name)
    expect(thrown(() => containerNamed('vmdk'))).toMatchObject({ code: 'usage' })
  })
})

describe('openContainer', () => {
  it('says of every format that is not read what to do instead', async () => {
    const unread = containers.filter(({ open }) => open === undefined)
    expect(unread.map(({ name }) => name)).toContain('qemu-migration')
    for (const container of unread) {
      await expect(openContainer(container, bytesSource(new Uint8Array(64)))).rejects.toMatchObject({
        code: 'unsupported',
        message: `this is ${container.title}, which is not read here`,
        place: { hint: expect.stringMatching(/../) },
      })
    }
  })

  it('opens ELF and raw', async () => {
    const load = { offset: 0x200n, paddr: 0x1000n, filesz: 0x100n }
    const source = bytesSource(buildElf({ size: 0x1000, programs: [load] }))
    const elf = await openContainer(containerNamed('elf'), source)
    expect(elf.memory.ranges).toEqual([{ start: 0x1000, end: 0x1100 }])
    const raw = await openContainer(containerNamed('raw'), source, { raw: { base: 0x5000 } })
    expect(raw.memory.ranges).toEqual([{ start: 0x5000, end: 0x6000 }])
  })

  it('refuses parts of what has none', async () => {
    const source = bytesSource(new Uint8Array(64))
    await expect(openContainer(containerNamed('raw'), source, { parts: [source] })).rejects.toMatchObject({
      code: 'usage',
    })
    expect((await openContainer(containerNamed('raw'), source, { parts: [] })).container).toBe('raw')
  })
})
