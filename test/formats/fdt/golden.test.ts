import { describe, expect, test } from 'vitest'
import {
  buildFdt,
  checkFdt,
  checkFdtHeader,
  createFdtWriter,
  findChild,
  findProperty,
  nativeU64,
  nativeU64Bytes,
  nodeAt,
  openInto,
  parseFdt,
  stringBytes,
  stringList,
} from '../../../formats/fdt/index.js'
import { fromListing } from './assemble.js'

// What libfdt makes of the calls that the kernel does, with room of one 4 KiB page.
const FRESH = fromListing(`
0000: d00dfeed 00000098 00000040 00000078 00000030 00000011 00000010 00000000
0020: 00000020 00000038 00000000 00000000 00000000 00000000 00000000 00000000
0040: 00000001 00000000 00000003 00000007 00000015 6b686f2d 76340000 00000003
0060: 00000008 00000000 00604523 01000000 00000002 00000009 70726573 65727665
0080: 642d6d65 6d6f7279 2d6d6170 00636f6d 70617469 626c6500`)
const WITH_TWO = fromListing(`
0000: d00dfeed 0000011d 00000038 000000e4 00000028 00000011 00000010 00000000
0020: 00000039 000000ac 00000000 00000000 00000000 00000000 00000001 00000000
0040: 00000003 00000007 00000015 6b686f2d 76340000 00000003 00000008 00000000
0060: 00604523 01000000 00000001 4c554f00 00000003 00000008 0000002f 20000000
0080: 00000000 00000003 00000008 00000020 00201000 00000000 00000002 00000001
00a0: 6b657865 632d6d65 74616461 74610000 00000003 00000008 0000002f 49000000
00c0: 00000000 00000003 00000008 00000020 00101000 00000000 00000002 00000002
00e0: 00000009 70726573 65727665 642d6d65 6d6f7279 2d6d6170 00636f6d 70617469
0100: 626c6500 70726573 65727665 642d6461 74610062 6c6f622d 73697a65 00`)
const FIRST_FORM = fromListing(`
0000: d00dfeed 000000c4 00000040 000000a0 00000030 00000011 00000010 00000000
0020: 00000024 00000060 00000000 00000000 00000000 00000000 00000000 00000000
0040: 00000001 00000000 00000003 00000007 00000019 6b686f2d 76310000 00000003
0060: 00000008 00000004 00604523 01000000 00000001 6d656d62 6c6f636b 00000000
0080: 00000003 00000008 00000000 00101000 00000000 00000002 00000002 00000009
00a0: 66647400 70726573 65727665 642d6d65 6d6f7279 2d6d6170 00636f6d 70617469
00c0: 626c6500`)

const MAP = nativeU64Bytes(0x123456000n)

function freshRoot() {
  const writer = createFdtWriter(4096)
  writer.beginNode('')
  writer.property('compatible', stringBytes('kho-v4'))
  const map = writer.propertyPlaceholder('preserved-memory-map', 8)
  writer.endNode()
  return { writer, map }
}

describe('the bytes of libfdt', () => {
  test('a fresh root, its placeholder filled after the end', () => {
    const { writer, map } = freshRoot()
    const blob = writer.finish()
    map.set(MAP)
    expect(blob).toEqual(FRESH)
    expect(writer.buffer.length).toBe(4096)
    // The names were collected at the end of the room, and libfdt leaves them there.
    expect(writer.buffer.subarray(4096 - 32)).toEqual(FRESH.subarray(0x78))
  })

  test('two nodes added, each time opened and packed', () => {
    let blob: Uint8Array = FRESH
    for (const [name, address, size] of [
      ['kexec-metadata', 0x101000n, 73n],
      ['LUO', 0x102000n, 32n],
    ] as const) {
      const editor = openInto(blob, 4096)
      editor.addSubnode('/', name)
      editor.setProperty(`/${name}`, 'preserved-data', nativeU64Bytes(address))
      editor.setProperty(`/${name}`, 'blob-size', nativeU64Bytes(size))
      blob = editor.pack()
    }
    expect(blob).toEqual(WITH_TWO)
  })

  test('removing what was added gives back the packed root, but for the names', () => {
    const editor = openInto(WITH_TWO, 4096)
    editor.deleteNode('/LUO')
    editor.deleteNode('/kexec-metadata')
    const tree = parseFdt(editor.pack())
    expect(tree.root.children).toEqual([])
    expect(tree.root.properties.map(({ name }) => name)).toEqual(['compatible', 'preserved-memory-map'])
  })

  test('a root of the first form, by the writer and by the builder', () => {
    const expected = FIRST_FORM
    const blob = buildFdt({
      properties: { compatible: 'kho-v1', 'preserved-memory-map': MAP },
      children: [{ name: 'memblock', properties: { fdt: nativeU64Bytes(0x101000n) } }],
    })
    expect(blob).toEqual(expected)
  })
})

describe('reading them', () => {
  test('the fresh root', () => {
    const tree = parseFdt(FRESH)
    expect(tree.header).toEqual({
      totalsize: 152,
      offDtStruct: 0x40,
      offDtStrings: 0x78,
      offMemRsvmap: 0x30,
      version: 17,
      lastCompVersion: 16,
      bootCpuidPhys: 0,
      sizeDtStrings: 0x20,
      sizeDtStruct: 0x38,
    })
    expect(tree.root).toMatchObject({ name: '', path: '/', offset: 0x40, children: [] })
    const map = findProperty(tree.root, 'preserved-memory-map')!
    expect(map.offset).toBe(0x68)
    expect(nativeU64(map)).toBe(0x123456000n)
    expect(stringList(findProperty(tree.root, 'compatible')!)).toEqual(['kho-v4'])
    expect(tree.problems).toEqual([])
  })

  test('the root with two nodes', () => {
    const tree = parseFdt(WITH_TWO)
    expect(tree.root.children.map(({ path }) => path)).toEqual(['/LUO', '/kexec-metadata'])
    expect(findProperty(tree.root, 'preserved-memory-map')!.offset).toBe(0x60)
    const luo = findChild(tree.root, 'LUO')!
    expect(luo.properties.map(({ name, offset }) => [name, offset])).toEqual([
      ['blob-size', 0x7c],
      ['preserved-data', 0x90],
    ])
    const metadata = nodeAt(tree, '/kexec-metadata')!
    expect(metadata.properties.map(({ name, offset }) => [name, offset])).toEqual([
      ['blob-size', 0xbc],
      ['preserved-data', 0xd0],
    ])
    expect(nativeU64(metadata.properties[0]!)).toBe(73n)
  })

  test('the root of the first form', () => {
    const memblock = nodeAt(parseFdt(FIRST_FORM), 'memblock')!
    expect(memblock.properties[0]).toMatchObject({ name: 'fdt', offset: 0x8c })
  })

  test('nothing is wrong with any of them, alone or in a page', () => {
    for (const blob of [FRESH, WITH_TWO, FIRST_FORM]) {
      const page = new Uint8Array(4096).fill(0xee)
      page.set(blob)
      for (const bytes of [blob, page]) {
        expect(checkFdt(bytes)).toEqual([])
        expect(checkFdtHeader(bytes)).toBeNull()
      }
    }
  })
})
