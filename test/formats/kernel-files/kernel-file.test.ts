import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KhoError } from '../../../formats/error.js'
import { readKernelFile, type Unpack } from '../../../formats/kernel-files/index.js'
import { KERNEL_FEATURE, VERSION_SECTION } from '../../../formats/kernel-files/version-section.js'
import { joinBytes } from '../../../formats/memory/join-bytes.js'

const unpack: Unpack = (method, bytes) => {
  if (method !== 'gzip') throw new KhoError('missing', `no ${method} here`)
  return new Uint8Array(gunzipSync(bytes))
}

const ascii = (text: string) => Uint8Array.from(text, char => char.charCodeAt(0))

const join = (...parts: readonly Uint8Array[]) => joinBytes(parts)

/** An ELF header of that type and machine, and what follows it. */
function elf(rest: Uint8Array, type = 2, machine = 62): Uint8Array {
  const header = new Uint8Array(64)
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  const view = new DataView(header.buffer)
  view.setUint16(16, type, true)
  view.setUint16(18, machine, true)
  return join(header, rest)
}

function bzImage(payload: Uint8Array, release: string, setupSects = 1): Uint8Array {
  const setup = new Uint8Array((setupSects + 1) * 512)
  const view = new DataView(setup.buffer)
  view.setUint8(0x1f1, setupSects)
  view.setUint16(0x1fe, 0xaa55, true)
  setup.set(ascii('HdrS'), 0x202)
  view.setUint16(0x206, 0x20f, true)
  view.setUint16(0x20e, 0x260 - 0x200, true)
  setup.set(ascii(`${release} (root@host) #1`), 0x260)
  view.setUint32(0x248, 16, true)
  view.setUint32(0x24c, payload.length, true)
  return join(setup, new Uint8Array(16), payload, ascii('trailer'))
}

const STRINGS = ascii(
  '\0kho-v4\0luo-v5\0xmemfd-v1\0memfd-v2\0\x016luo-v9: no\0Linux version 7.3.9-made (x) #1\n\0',
)

describe('readKernelFile', () => {
  it('reads a bzImage through its packed payload', () => {
    const file = readKernelFile(bzImage(gzipSync(elf(STRINGS)), '7.3.9-made'), unpack)
    expect(file).toMatchObject({
      form: 'bzImage',
      machine: 'x86_64',
      packed: ['gzip'],
      release: '7.3.9-made',
      kho: ['kho-v4'],
      luo: ['luo-v5'],
      sections: { features: [], versions: [] },
    })
    expect(file.has('memfd-v2')).toBe(true)
    expect(file.has('memfd-v1')).toBe(false)
    expect(file.has('memfd')).toBe(false)
  })

  it('takes the release of a vmlinux from its banner', () => {
    const file = readKernelFile(elf(STRINGS, 2, 183), unpack)
    expect(file).toMatchObject({ form: 'vmlinux', machine: 'aarch64', packed: [], release: '7.3.9-made' })
  })

  it('reads a packed arm64 Image and an EFI program around one', () => {
    const image = join(new Uint8Array(56), ascii('ARMd'), new Uint8Array(4), STRINGS)
    expect(readKernelFile(gzipSync(image), unpack)).toMatchObject({
      form: 'arm64 Image',
      machine: 'aarch64',
      packed: ['gzip'],
      release: '7.3.9-made',
    })
    const packed = gzipSync(image)
    const header = new Uint8Array(64)
    header.set(ascii('MZ\0\0zimg'))
    new DataView(header.buffer).setUint32(8, 64, true)
    new DataView(header.buffer).setUint32(12, packed.length, true)
    expect(readKernelFile(join(header, packed), unpack)).toMatchObject({
      form: 'EFI zboot',
      machine: 'aarch64',
      packed: ['gzip'],
      kho: ['kho-v4'],
    })
  })

  it.each([
    [0, null],
    [1, 4096],
    [2, 16384],
    [3, 65536],
  ])('takes the page size of an arm64 Image from its flags: %i', (bits, pageSize) => {
    const head = new Uint8Array(56)
    head[24] = 8 + 2 * bits
    const image = join(head, ascii('ARMd'), new Uint8Array(4), STRINGS)
    expect(readKernelFile(gzipSync(image), unpack)).toMatchObject({ machine: 'aarch64', pageSize })
  })

  it('knows the page size of x86-64 alone where no header tells', () => {
    expect(readKernelFile(elf(STRINGS, 2, 62), unpack).pageSize).toBe(4096)
    expect(readKernelFile(elf(STRINGS, 2, 183), unpack).pageSize).toBeNull()
  })

  it('reads the release of a module from its vermagic', () => {
    const file = readKernelFile(
      elf(ascii('\0vermagic=7.3.4+deb14-amd64 SMP preempt\0vfio-pci-v1\0'), 1),
      unpack,
    )
    expect(file).toMatchObject({ form: 'module', release: '7.3.4+deb14-amd64', kho: [] })
    expect(file.has('vfio-pci-v1')).toBe(true)
  })

  it('reads the section of feature masks, by its magic', () => {
    const entry = { name: 'memfd', featureBytes: 8, reserved: 0, supported: 7n, required: 1n, active: 3n }
    const section = join(
      VERSION_SECTION.encode({ magic: 0x4c565550, version: 1 }),
      KERNEL_FEATURE.encode({ ...entry, name: 'luo', active: 7n }),
      KERNEL_FEATURE.encode(entry),
      new Uint8Array(100),
    )
    const { sections } = readKernelFile(elf(section), unpack)
    const { reserved, ...shown } = entry
    expect(sections).toEqual({ features: [{ ...shown, name: 'luo', active: 7n }, shown], versions: [] })
  })

  it('reads the older section of names', () => {
    const names = new Uint8Array(144)
    names.set(ascii('luo-v5'), 0)
    names.set(ascii('memfd-v2'), 48)
    const header = VERSION_SECTION.encode({ magic: 0x4c565550, version: 1 })
    expect(readKernelFile(elf(join(header, names)), unpack).sections.versions).toEqual(['luo-v5', 'memfd-v2'])
  })

  it('says what a file is not', () => {
    expect(() => readKernelFile(ascii('not a kernel'), unpack)).toThrow(/no bzImage, arm64 Image/)
    expect(() => readKernelFile(elf(STRINGS, 4), unpack)).toThrow(/no bzImage/)
    expect(() => readKernelFile(new Uint8Array(0), unpack)).toThrow(KhoError)
    let nested: Uint8Array = ascii('x')
    for (let n = 0; n < 5; n++) nested = gzipSync(nested)
    expect(() => readKernelFile(nested, unpack)).toThrow(/more than 4 times/)
  })

  it('answers or refuses whatever the bytes are', () => {
    const kernel = bzImage(gzipSync(elf(STRINGS)), '7.3.9-made')
    const flip = fc.record({ at: fc.nat(kernel.length - 1), value: fc.nat(255) })
    fc.assert(
      fc.property(fc.array(flip, { maxLength: 8 }), fc.nat(kernel.length), (flips, length) => {
        const bytes = kernel.slice(0, length)
        for (const { at, value } of flips) if (at < length) bytes[at] = value
        const safe: Unpack = (method, packed) => {
          try {
            return unpack(method, packed)
          } catch {
            throw new KhoError('unreadable', 'broken stream')
          }
        }
        try {
          expect(readKernelFile(bytes, safe).form).toBeTypeOf('string')
        } catch (error) {
          expect(error).toBeInstanceOf(KhoError)
        }
      }),
    )
  })
})
