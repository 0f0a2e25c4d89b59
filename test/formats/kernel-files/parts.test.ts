import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { readKernelFile } from '../../../formats/kernel-files/index.js'
import { hasString, stringsWith } from '../../../formats/kernel-files/strings.js'
import {
  KERNEL_FEATURE,
  readVersionSections,
  VERSION_SECTION,
} from '../../../formats/kernel-files/version-section.js'
import { joinBytes } from '../../../formats/memory/join-bytes.js'
import { asciiBytes } from '../../../formats/memory/search.js'

const read = (bytes: Uint8Array) => readKernelFile(bytes, (_, packed) => new Uint8Array(gunzipSync(packed)))
const notOne = (bytes: Uint8Array) => expect(() => read(bytes)).toThrow('this is no bzImage')
const STRINGS = '\0kho-v4\0Linux version 7.3.9-made (x) #1\n\0'

describe('strings of a kernel', () => {
  it.each([...'azAZ09-_'])('do not begin behind %j', char => {
    const image = asciiBytes(`${char}kho-v4\0`)
    expect([hasString(image, 'kho-v4'), stringsWith(image, 'kho-v', /^\d$/)]).toEqual([false, []])
  })

  it.each([...'`{@[/: \0\x01\xff'])('may begin behind %j', char => {
    const image = asciiBytes(`${char}kho-v4\0`)
    expect([hasString(image, 'kho-v4'), stringsWith(image, 'kho-v', /^\d$/)]).toEqual([true, ['kho-v4']])
  })

  it('begin with the image, and end with a NUL', () => {
    expect([hasString(asciiBytes('luo\0'), 'luo'), hasString(asciiBytes('luo'), 'luo')]).toEqual([
      true,
      false,
    ])
    expect(hasString(asciiBytes('luo-v5 luo\0'), 'luo')).toBe(true)
    expect(stringsWith(asciiBytes('kho-v4'), 'kho-v', /^\d$/)).toEqual([])
  })

  it('are listed once each, in order of the text, where they are printable and end soon', () => {
    const long = `kho-v1${'x'.repeat(250)}`
    const image = asciiBytes(
      `kho-v9\0kho-v4\0kho-v9\0${long}\0${long}y\0kho-v5\x7f\0kho-v6 \n\0\x01kho-v7\0kho-v\x01\0`,
    )
    expect(stringsWith(image, 'kho-v', /^\d/)).toEqual([long, 'kho-v4', 'kho-v6 \n', 'kho-v7', 'kho-v9'])
    expect(long.length).toBe(256)
  })
})

describe('the sections of versions', () => {
  const header = VERSION_SECTION.encode({ magic: 0x4c565550, version: 1 })
  const good = { name: 'luo', featureBytes: 8, reserved: 0, supported: 7n, required: 1n, active: 3n }
  const entry = (change: Partial<typeof good> = {}) => KERNEL_FEATURE.encode({ ...good, ...change })
  const names = (parts: Uint8Array[]) =>
    readVersionSections(joinBytes(parts)).features.map(({ name }) => name)

  it('begin anywhere, and are read to the last byte', () => {
    expect(names([header, entry(), entry({ name: 'memfd' })])).toEqual(['luo', 'memfd'])
    expect(names([header, entry(), entry({ name: 'memfd' }).subarray(0, 79)])).toEqual(['luo'])
    expect(
      names([new Uint8Array(3), header, entry(), new Uint8Array(80), header, entry({ name: 'b' })]),
    ).toEqual(['luo', 'b'])
  })

  it.each<[string, Partial<typeof good>]>([
    ['no name', { name: '' }],
    ['a name that is none', { name: 'a b' }],
    ['a name that begins with a blank', { name: ' b' }],
    ['something reserved', { reserved: 1 }],
    ['no masks', { featureBytes: 0 }],
    ['masks that are too long', { featureBytes: 129 }],
    ['more active than supported', { active: 8n }],
    ['more required than supported', { required: 8n }],
  ])('end at an entry with %s', (_, change) => {
    expect(names([header, entry(), entry(change), entry({ name: 'memfd' })])).toEqual(['luo'])
  })

  it('may have masks of 128 bytes', () =>
    expect(names([header, entry({ featureBytes: 128 })])).toEqual(['luo']))

  it('of names end where one is none, and with the image', () => {
    const versions = (...texts: string[]) => {
      const bytes = new Uint8Array(texts.length * 48)
      texts.forEach((text, n) => {
        bytes.set(asciiBytes(text), n * 48)
      })
      return (cut = 0) =>
        readVersionSections(joinBytes([header, bytes.subarray(0, bytes.length - cut)])).versions
    }
    expect(versions('luo-v5', 'memfd-v2')()).toEqual(['luo-v5', 'memfd-v2'])
    expect(versions('luo-v5', 'memfd-v2')(1)).toEqual(['luo-v5'])
    expect(versions('luo-v5', 'a\0b', 'memfd-v2')()).toEqual(['luo-v5'])
    expect(versions('luo-v5', 'a b', 'memfd-v2')()).toEqual(['luo-v5'])
    expect(versions('luo-v5', ' b')()).toEqual(['luo-v5'])
  })
})

describe('the header of a kernel', () => {
  /** A bzImage whose payload is plain, and what is different about it. */
  function setup(
    change: {
      flag?: number
      magic?: string
      version?: number
      sectors?: number
      text?: number
      release?: string
    } = {},
  ) {
    const {
      flag = 0xaa55,
      magic = 'HdrS',
      version = 0x208,
      sectors = 1,
      text = 0x60,
      release = '7.3.9-x (a@b)',
    } = change
    const packed = gzipSync(asciiBytes(`\x7fELF${'\0'.repeat(60)}${STRINGS}`))
    const start = ((sectors || 4) + 1) * 512
    const bytes = new Uint8Array(start + packed.length)
    const view = new DataView(bytes.buffer)
    view.setUint8(0x1f1, sectors)
    view.setUint16(0x1fe, flag, true)
    bytes.set(asciiBytes(magic), 0x202)
    view.setUint16(0x206, version, true)
    view.setUint16(0x20e, text, true)
    bytes.set(asciiBytes(release), 0x260)
    view.setUint32(0x24c, packed.length, true)
    bytes.set(packed, start)
    return bytes
  }

  it('of a bzImage has its flag, its magic, and a version that knows of payloads', () => {
    expect(read(setup())).toMatchObject({
      form: 'bzImage',
      release: '7.3.9-x',
      packed: ['gzip'],
      kho: ['kho-v4'],
    })
    notOne(setup({ flag: 0xaa54 }))
    notOne(setup({ magic: 'HdrT' }))
    notOne(setup({ version: 0x207 }))
    notOne(setup().subarray(0, 0x24f))
    expect(read(setup().subarray(0, 0x250))).toMatchObject({ form: 'bzImage', packed: [], kho: [] })
  })

  it('of a bzImage has four sectors of setup where it says none', () => {
    expect(read(setup({ sectors: 0 })).kho).toEqual(['kho-v4'])
    expect(read(setup({ sectors: 7 })).kho).toEqual(['kho-v4'])
  })

  it('of a bzImage names a release, or leaves that to the kernel', () => {
    expect(read(setup({ text: 0 })).release).toBe('7.3.9-made')
    expect(read(setup({ release: ' 7' })).release).toBe('7.3.9-made')
    expect(read(setup({ release: 'r'.repeat(80) })).release).toBe('r'.repeat(64))
  })

  it('of an EFI program has both of its magics', () => {
    const zboot = (magic: string, length = 64) => {
      const header = new Uint8Array(length)
      header.set(asciiBytes(magic))
      return header
    }
    expect(read(zboot('MZ\0\0zimg'))).toMatchObject({ form: 'EFI zboot', machine: null, packed: [] })
    expect(read(zboot('MZxxzimg')).form).toBe('EFI zboot')
    for (const other of [zboot('MY\0\0zimg'), zboot('MZ\0\0zimh'), zboot('MZ\0\0zimg', 63)]) notOne(other)
  })

  it('of an arm64 Image or an ELF file is 64 bytes long', () => {
    const image = (length: number) => {
      const bytes = new Uint8Array(64)
      bytes.set(asciiBytes('ARMd'), 56)
      return bytes.subarray(0, length)
    }
    const elf = (length: number) =>
      asciiBytes(`\x7fELF${'\0'.repeat(12)}\x02\0\x3e${'\0'.repeat(45)}`).subarray(0, length)
    expect([read(image(64)).form, read(elf(64)).form]).toEqual(['arm64 Image', 'vmlinux'])
    notOne(image(63))
    notOne(elf(63))
    notOne(asciiBytes(`\x7fELG${'\0'.repeat(12)}\x02\0\x3e${'\0'.repeat(45)}`))
    notOne(asciiBytes('\x7fE'))
  })

  it('may be packed four times over, and no more', () => {
    let packed: Uint8Array = asciiBytes(`\x7fELF${'\0'.repeat(12)}\x02\0\x3e${'\0'.repeat(45)}${STRINGS}`)
    for (let n = 0; n < 4; n++) packed = gzipSync(packed)
    expect(read(packed).packed).toEqual(['gzip', 'gzip', 'gzip', 'gzip'])
    expect(() => read(gzipSync(packed))).toThrow('packed more than 4 times over')
  })

  it('is followed by the strings of versions, alone or with others behind them', () => {
    const texts = [
      'kho-v10',
      'kho-v4;radix-v1',
      'kho-v4x',
      'kho-v4;',
      'kho-vx4',
      'xkho-v5',
      'luo-v12',
      'luo-v5;a;b',
      'luo-v',
      'luo-v5 b',
    ]
    const image = asciiBytes(`\x7fELF${'\0'.repeat(12)}\x02\0\x3e${'\0'.repeat(45)}${texts.join('\0')}\0`)
    expect(read(image)).toMatchObject({
      kho: ['kho-v10', 'kho-v4;radix-v1'],
      luo: ['luo-v12', 'luo-v5;a;b'],
      release: null,
    })
  })

  it('leaves the release to the banner that has a version', () => {
    const release = (text: string) =>
      read(asciiBytes(`\x7fELF${'\0'.repeat(12)}\x02\0\x3e${'\0'.repeat(45)}Linux version ${text}\0`)).release
    expect(['7.3.9 (x)', '10.12', '7', 'x7.3', '7.x'].map(release)).toEqual([
      '7.3.9',
      '10.12',
      null,
      null,
      null,
    ])
  })
})
