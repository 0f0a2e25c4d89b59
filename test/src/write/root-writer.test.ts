import { describe, expect, it } from 'vitest'
import { nativeU64Bytes } from '../../../formats/fdt/index.js'
import { abiOf } from '../../../formats/kernels/index.js'
import { createRootWriter } from '../../../src/write/root-writer.js'

/** As the tracker's encoder would attach its root. */
function mapAt(address: number) {
  return {
    properties: [{ name: 'preserved-memory-map', value: nativeU64Bytes(BigInt(address)) }],
    children: [],
  }
}

const MAP = mapAt(0x1_2345_6000)

/** Written by the kernel's own libfdt for a page of 4 KiB. */
const FRESH_V4 = golden([
  'd00dfeed 00000098 00000040 00000078 00000030 00000011 00000010 00000000',
  '00000020 00000038 00000000 00000000 00000000 00000000 00000000 00000000',
  '00000001 00000000 00000003 00000007 00000015 6b686f2d 76340000 00000003',
  '00000008 00000000 00604523 01000000 00000002 00000009 70726573 65727665',
  '642d6d65 6d6f7279 2d6d6170 00636f6d 70617469 626c6500',
])
const TWO_CHILDREN_V4 = golden([
  'd00dfeed 0000011d 00000038 000000e4 00000028 00000011 00000010 00000000',
  '00000039 000000ac 00000000 00000000 00000000 00000000 00000001 00000000',
  '00000003 00000007 00000015 6b686f2d 76340000 00000003 00000008 00000000',
  '00604523 01000000 00000001 4c554f00 00000003 00000008 0000002f 20000000',
  '00000000 00000003 00000008 00000020 00201000 00000000 00000002 00000001',
  '6b657865 632d6d65 74616461 74610000 00000003 00000008 0000002f 49000000',
  '00000000 00000003 00000008 00000020 00101000 00000000 00000002 00000002',
  '00000009 70726573 65727665 642d6d65 6d6f7279 2d6d6170 00636f6d 70617469',
  '626c6500 70726573 65727665 642d6461 74610062 6c6f622d 73697a65 00',
])
const SEQUENTIAL_V1 = golden([
  'd00dfeed 000000c4 00000040 000000a0 00000030 00000011 00000010 00000000',
  '00000024 00000060 00000000 00000000 00000000 00000000 00000000 00000000',
  '00000001 00000000 00000003 00000007 00000019 6b686f2d 76310000 00000003',
  '00000008 00000004 00604523 01000000 00000001 6d656d62 6c6f636b 00000000',
  '00000003 00000008 00000000 00101000 00000000 00000002 00000002 00000009',
  '66647400 70726573 65727665 642d6d65 6d6f7279 2d6d6170 00636f6d 70617469',
  '626c6500',
])

function golden(lines: readonly string[]): string {
  return lines.join('').replaceAll(' ', '')
}

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('the root FDT', () => {
  it('is byte for byte what libfdt makes of a fresh kho-v4 root', () => {
    expect(hexOf(createRootWriter(abiOf('kho-v4'), 'live', 4096, MAP).bytes())).toBe(FRESH_V4)
  })

  it('is what libfdt makes of it after two children: the last added first', () => {
    const root = createRootWriter(abiOf('kho-v4'), 'live', 4096, MAP)
    expect(root.add({ name: 'kexec-metadata', address: 0x101000, size: 73 })).toBeNull()
    expect(root.add({ name: 'LUO', address: 0x102000, size: 32 })).toBeNull()
    expect(hexOf(root.bytes())).toBe(TWO_CHILDREN_V4)
  })

  it('is what the sequential API makes of it up to 6.18', () => {
    const root = createRootWriter(abiOf('kho-v1-512'), 'sequential', 4096, mapAt(0))
    expect(root.add({ name: 'memblock', address: 0x101000, size: 0 })).toBeNull()
    root.setMap(MAP)
    expect(hexOf(root.bytes())).toBe(SEQUENTIAL_V1)
  })

  it('takes the map later where it is live too, as kho_update_memory_map() does', () => {
    const root = createRootWriter(abiOf('kho-v4'), 'live', 4096, mapAt(0))
    root.add({ name: 'kexec-metadata', address: 0x101000, size: 73 })
    root.add({ name: 'LUO', address: 0x102000, size: 32 })
    root.setMap(MAP)
    expect(hexOf(root.bytes())).toBe(TWO_CHILDREN_V4)
  })

  it('refuses a second child of a name, and forgets one that is removed', () => {
    const root = createRootWriter(abiOf('kho-v4'), 'live', 4096, MAP)
    root.add({ name: 'LUO', address: 0x102000, size: 32 })
    expect(root.add({ name: 'LUO', address: 0x103000, size: 32 })).toBe('-EEXIST')
    expect(root.remove('LUO')).toBe(true)
    expect(root.remove('LUO')).toBe(false)
  })

  it.each([
    ['kho-v4', '-ENOMEM'],
    ['kho-v1-page', '-ESRCH'],
  ] as const)('of %s says %s where the page is full', (name, refusal) => {
    const root = createRootWriter(abiOf(name), 'live', 4096, MAP)
    let result = null
    let before = root.bytes()
    for (let n = 0; result === null; n++) {
      before = root.bytes()
      result = root.add({
        name: `${n}-${'x'.repeat(name === 'kho-v4' ? 40 : 3 + (n % 5))}`,
        address: 0x1000 * n,
        size: 8,
      })
    }
    expect([refusal, '-ENOMEM']).toContain(result)
    if (result === '-ENOMEM') expect(root.bytes()).toEqual(before)
  })

  it('of 6.19 keeps a child without properties where only its name has room', () => {
    const size = 0x98 + 24
    const root = createRootWriter(abiOf('kho-v1-page'), 'live', size, MAP)
    expect(root.add({ name: 'LUO', address: 0x1000, size: 8 })).toBe('-ESRCH')
    expect(hexOf(root.bytes())).toContain('00000001' + '4c554f00' + '00000002')
    const fixed = createRootWriter(abiOf('kho-v4'), 'live', size, MAP)
    expect(fixed.add({ name: 'LUO', address: 0x1000, size: 8 })).toBe('-ENOMEM')
    expect(hexOf(fixed.bytes())).toBe(FRESH_V4)
  })
})
