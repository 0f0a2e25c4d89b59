import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { parseBootImage, patchBootImage, STUB_BYTES } from '../../../src/guest/boot-image.js'
import { makeBzImage } from './bz-image.js'

describe('parseBootImage', () => {
  it('reads what is needed to place a kernel', () => {
    expect(parseBootImage(makeBzImage(4096), 'bzImage')).toMatchObject({
      setupBytes: 1024,
      initSize: 2 ** 20,
      prefAddress: 2 ** 24,
      alignment: 2 ** 21,
    })
  })

  it('refuses what is no bzImage, cut short, too old, or bound to one address', () => {
    const image = makeBzImage(4096)
    expect(() => parseBootImage(new Uint8Array(4096), 'x')).toThrow(/x is no bzImage/)
    expect(() => parseBootImage(new Uint8Array(10), 'x')).toThrow(/x is no bzImage/)
    expect(() => parseBootImage(image.subarray(0, 1024), 'x')).toThrow(/cut short/)
    const old = Buffer.from(image)
    old.writeUInt16LE(0x205, 0x206)
    expect(() => parseBootImage(old, 'x')).toThrow(/before Linux 2.6.31/)
    const bound = Buffer.from(image)
    bound[0x234] = 0
    expect(() => parseBootImage(bound, 'x')).toThrow(/not relocatable/)
  })
})

describe('an arm64 Image', () => {
  const make = (flags: bigint, offset = 0n) => {
    const bytes = new Uint8Array(4096)
    const view = new DataView(bytes.buffer)
    view.setBigUint64(8, offset, true)
    view.setBigUint64(16, 0x8e0000n, true)
    view.setBigUint64(24, flags, true)
    view.setUint32(56, 0x644d5241, true)
    bytes.set(Buffer.from('Linux version 7.3.4 (root@vm)\0'), 1024)
    return bytes
  }

  it.each([
    [0b1010n, 12],
    [0b1100n, 14],
    [0b1110n, 16],
  ])('with flags %s has pages of 2^%i bytes, packed or not', (flags, pageShift) => {
    for (const file of [make(flags), gzipSync(make(flags))])
      expect(parseBootImage(file, 'Image')).toMatchObject({
        arch: 'arm64',
        pageShift,
        setupBytes: 0,
        initSize: 0x8e0000,
        alignment: 2 ** 21,
        release: '7.3.4',
      })
  })

  it('is refused where it cannot be placed, or unpacked', () => {
    expect(() => parseBootImage(make(0b1110n, 0x80000n), 'x')).toThrow(/x is of before Linux 5.8/)
    expect(() => parseBootImage(gzipSync(make(0b1110n)).subarray(0, 60), 'x')).toThrow(/x cannot be unpacked/)
  })
})

describe('patchBootImage', () => {
  const image = parseBootImage(makeBzImage(4096), 'bzImage')

  it('names the record at offset 0x250, and changes nothing else of a copy that is whole', () => {
    const copy = Buffer.from(patchBootImage(image, { setupData: 0x3c3f0000 }))
    expect(copy.readBigUInt64LE(0x250)).toBe(0x3c3f0000n)
    copy.writeBigUInt64LE(0n, 0x250)
    expect(copy.equals(image.bytes)).toBe(true)
  })

  it('keeps only the setup code where kernel and initramfs are in memory already', () => {
    const patch = { setupData: 0x1000, kernelAt: 0x2000000, initrd: { address: 0x5000000, size: 777 } }
    const copy = Buffer.from(patchBootImage(image, patch))
    expect(copy.length).toBe(1024 + STUB_BYTES)
    expect(copy.readUInt32LE(0x214)).toBe(0x2000000)
    expect(copy.readUInt32LE(0x218)).toBe(0x5000000)
    expect(copy.readUInt32LE(0x21c)).toBe(777)
    expect(Buffer.from(image.bytes).readBigUInt64LE(0x250)).toBe(0n)
  })
})
