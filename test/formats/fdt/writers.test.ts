import { describe, expect, test } from 'vitest'
import { isKhoError, type KhoErrorCode } from '../../../formats/error.js'
import {
  buildFdt,
  cellBytes,
  cells,
  checkFdt,
  createFdtWriter,
  FDT_MAX_DEPTH,
  FDT_MAX_NAME,
  type FdtNodeSpec,
  findProperty,
  nativeU32,
  nativeU32Bytes,
  nativeU64,
  nativeU64Bytes,
  nativeU64s,
  nodeAt,
  openInto,
  parseFdt,
  stringBytes,
  stringList,
} from '../../../formats/fdt/index.js'
import { assemble, bytesOf } from './assemble.js'

const EMPTY = buildFdt({})

function codeOf(run: () => unknown): KhoErrorCode | null {
  try {
    run()
    return null
  } catch (error) {
    if (isKhoError(error)) return error.code
    throw error
  }
}

describe('the sequential writer', () => {
  test('an empty tree is 80 bytes', () => {
    expect(EMPTY.length).toBe(80)
    expect(parseFdt(EMPTY).root.children).toEqual([])
  })

  test('calls out of their turn', () => {
    const writer = createFdtWriter(4096)
    expect(codeOf(() => writer.endNode())).toBe('bad-sequence')
    expect(codeOf(() => writer.finish())).toBe('bad-sequence')
    expect(codeOf(() => writer.property('a', EMPTY))).toBe('bad-sequence')
    writer.reserve(1n, 2n)
    writer.beginNode('')
    expect(codeOf(() => writer.reserve(1n, 2n))).toBe('bad-sequence')
    expect(codeOf(() => writer.finish())).toBe('bad-sequence')
    writer.property('a', bytesOf('1'))
    writer.beginNode('child')
    writer.endNode()
    expect(codeOf(() => writer.property('b', bytesOf('1')))).toBe('bad-sequence')
    writer.endNode()
    expect(codeOf(() => writer.endNode())).toBe('bad-sequence')
    expect(codeOf(() => writer.beginNode(''))).toBe('bad-sequence')
    expect(codeOf(() => writer.property('b', bytesOf('1')))).toBe('bad-sequence')
    const blob = writer.finish()
    for (const late of [
      () => writer.finish(),
      () => writer.beginNode(''),
      () => writer.endNode(),
      () => writer.property('b', bytesOf('1')),
      () => writer.reserve(1n, 2n),
    ]) {
      expect(codeOf(late)).toBe('bad-sequence')
    }
    // What was refused left nothing behind.
    expect(checkFdt(blob)).toEqual([])
    const tree = parseFdt(blob)
    expect(tree.reservations).toEqual([{ address: 1n, size: 2n }])
    expect(tree.root.properties.map(({ name }) => name)).toEqual(['a'])
  })

  test('room for one byte less than it takes, at every step', () => {
    const write = (size: number) => {
      const writer = createFdtWriter(size)
      writer.reserve(0x1000n, 0x1000n)
      writer.beginNode('')
      writer.property('first', bytesOf('12345'))
      writer.property('second', bytesOf('1234'))
      writer.beginNode('child')
      writer.property('first', bytesOf('1'))
      writer.endNode()
      writer.endNode()
      return writer.finish()
    }
    const full = write(4096)
    for (let size = 0; size < full.length; size++) expect(codeOf(() => write(size))).toBe('no-space')
    expect(write(full.length)).toEqual(full)
    expect(codeOf(() => createFdtWriter(Number.NaN))).toBe('no-space')
    expect(codeOf(() => createFdtWriter(2 ** 31))).toBe('no-space')
  })

  test('after a call that found no room, smaller ones go on', () => {
    const writer = createFdtWriter(128)
    writer.beginNode('')
    expect(codeOf(() => writer.property('large', new Uint8Array(64)))).toBe('no-space')
    writer.property('small', cellBytes(1))
    writer.endNode()
    const tree = parseFdt(writer.finish())
    expect(tree.header.sizeDtStrings).toBe('small'.length + 1)
  })

  test('names that are the end of another share its bytes, the one added last first', () => {
    const blob = buildFdt({
      properties: ['size', 'blob-size', 'e', 'size', ''].map(name => ({ name, value: name })),
    })
    const { header, root } = parseFdt(blob)
    expect(root.properties.map(({ name }) => name)).toEqual(['size', 'blob-size', 'e', 'size', ''])
    expect(header.sizeDtStrings).toBe('blob-size\0size\0'.length)
    const view = new DataView(blob.buffer)
    const offsets = root.properties.map(({ offset }) => view.getUint32(offset - 4))
    expect(offsets).toEqual([10, 0, 8, 5, 9])
  })

  test('names and strings that cannot be written', () => {
    const writer = createFdtWriter(8192)
    expect(codeOf(() => writer.reserve(1n, 0n))).toBe('bad-fdt')
    expect(codeOf(() => writer.beginNode('root'))).toBe('bad-fdt')
    writer.beginNode('')
    for (const name of ['a\0b', '\u0100', 'x'.repeat(FDT_MAX_NAME + 1)]) {
      expect(codeOf(() => writer.beginNode(name))).toBe('bad-fdt')
      expect(codeOf(() => writer.property(name, EMPTY))).toBe('bad-fdt')
    }
    for (const length of [-1, 1.5, Number.NaN]) {
      expect(codeOf(() => writer.propertyPlaceholder('a', length))).toBe('bad-fdt')
    }
    expect(codeOf(() => stringBytes('a\0b'))).toBe('bad-fdt')
    expect(codeOf(() => stringBytes('\u20ac'))).toBe('bad-fdt')
    const longest = 'x'.repeat(FDT_MAX_NAME)
    writer.property(longest, EMPTY)
    writer.beginNode(longest)
    writer.endNode()
    writer.endNode()
    expect(parseFdt(writer.finish()).root.children[0]!.name).toBe(longest)
  })

  test('as deep as can be read, and no deeper; a tree that holds itself has no end', () => {
    const nested = (depth: number): FdtNodeSpec => {
      let spec: FdtNodeSpec = { name: 'last' }
      for (let level = 2; level < depth; level++) spec = { name: 'n', children: [spec] }
      return { children: [spec] }
    }
    expect(checkFdt(buildFdt(nested(FDT_MAX_DEPTH)))).toEqual([])
    expect(codeOf(() => buildFdt(nested(FDT_MAX_DEPTH + 1)))).toBe('bad-fdt')
    const children: FdtNodeSpec[] = []
    children.push({ name: 'a', children }, { name: 'b', children })
    expect(codeOf(() => buildFdt({ children }))).toBe('bad-fdt')
  })

  test('the builder takes what the reader gives, and its options', () => {
    const blob = buildFdt(
      {
        properties: { a: ['x', 'y'], b: 'z' },
        children: [{ name: 'c', properties: { d: cellBytes(1, 2) } }],
      },
      { reservations: [{ address: 1n, size: 2n }], bootCpuidPhys: 3 },
    )
    const tree = parseFdt(blob)
    expect(tree.header.bootCpuidPhys).toBe(3)
    expect(stringList(findProperty(tree.root, 'a')!)).toEqual(['x', 'y'])
    expect(cells(nodeAt(tree, '/c')!.properties[0]!)).toEqual([1, 2])
    expect(buildFdt(tree.root, { reservations: tree.reservations, bootCpuidPhys: 3 })).toEqual(blob)
  })
})

describe('the editor', () => {
  const blob = buildFdt({
    properties: { compatible: 'a', number: cellBytes(1) },
    children: [{ name: 'x@1', properties: { p: '1' }, children: [{ name: 'deep' }] }, { name: 'y' }],
  })

  test('paths that lead nowhere, nodes that are there', () => {
    const editor = openInto(blob, 4096)
    expect(codeOf(() => editor.addSubnode('/z', 'a'))).toBe('bad-sequence')
    expect(codeOf(() => editor.addSubnode('/', 'y'))).toBe('bad-sequence')
    expect(codeOf(() => editor.addSubnode('/', 'x'))).toBe('bad-sequence')
    expect(codeOf(() => editor.addSubnode('/', 'x@2'))).toBe(null)
    expect(codeOf(() => editor.setProperty('/z', 'a', EMPTY))).toBe('bad-sequence')
    expect(codeOf(() => editor.deleteProperty('/y', 'a'))).toBe('bad-sequence')
    expect(codeOf(() => editor.deleteNode('/y/z'))).toBe('bad-sequence')
    expect(codeOf(() => editor.deleteNode('/'))).toBe('bad-sequence')
    for (const name of ['', 'a/b', 'a\0b', '\u0100']) {
      expect(codeOf(() => editor.addSubnode('/', name))).toBe('bad-fdt')
    }
    expect(codeOf(() => editor.setProperty('/', '\0', EMPTY))).toBe('bad-fdt')
    expect(codeOf(() => editor.addReservation(1n, 0n))).toBe('bad-fdt')
  })

  test('all that can be changed', () => {
    const editor = openInto(blob, 4096)
    editor.addReservation(0x1000n, 0x2000n)
    editor.addReservation(0x5000n, 0x1000n)
    editor.setProperty('/', 'compatible', stringBytes('longer than before'))
    editor.setProperty('/', 'number', new Uint8Array(0))
    editor.setProperty('/x/deep', 'new', bytesOf('12345'))
    editor.setPropertyPlaceholder('/y', 'later', 8).set(nativeU64Bytes(5n))
    editor.deleteProperty('/x', 'p')
    editor.addSubnode('/x', 'other')
    const tree = parseFdt(editor.pack(), { refuse: 'warnings' })
    expect(tree.reservations).toEqual([
      { address: 0x1000n, size: 0x2000n },
      { address: 0x5000n, size: 0x1000n },
    ])
    expect(stringList(findProperty(tree.root, 'compatible')!)).toEqual(['longer than before'])
    expect(findProperty(tree.root, 'number')!.value).toHaveLength(0)
    expect(nodeAt(tree, '/x')!.properties).toEqual([])
    expect(nodeAt(tree, '/x')!.children.map(({ name }) => name)).toEqual(['other', 'deep'])
    expect(findProperty(nodeAt(tree, '/x/deep')!, 'new')!.value).toEqual(bytesOf('12345'))
    expect(nativeU64(findProperty(nodeAt(tree, '/y')!, 'later')!)).toBe(5n)
  })

  test('room for one byte less than it takes leaves all as it was', () => {
    const grow = (size: number) => {
      const editor = openInto(blob, size)
      const before = parseFdt(editor.buffer).root
      const code = codeOf(() => editor.setProperty('/y', 'a-new-name', bytesOf('12345')))
      if (code) expect(parseFdt(editor.buffer).root).toEqual(before)
      return code
    }
    const needed = blob.length + 12 + 8 + 'a-new-name'.length + 1
    expect(grow(needed)).toBe(null)
    for (let size = blob.length; size < needed; size++) expect(grow(size)).toBe('no-space')
    expect(codeOf(() => openInto(blob, blob.length - 1))).toBe('no-space')
    expect(codeOf(() => openInto(blob, 2 ** 31))).toBe('no-space')
    const editor = openInto(blob, blob.length)
    expect(codeOf(() => editor.addSubnode('/', 'z'))).toBe('no-space')
    expect(codeOf(() => editor.addReservation(1n, 1n))).toBe('no-space')
  })

  test('blobs that cannot be changed', () => {
    expect(codeOf(() => openInto(blob.subarray(0, 100), 4096))).toBe('bad-fdt')
    const old = assemble({ version: 3, tokens: [{ begin: '/' }, 'end-node', 'end'] })
    expect(codeOf(() => openInto(old, 4096))).toBe('bad-fdt')
  })

  test('a structure block that leaves out its FDT_END gets it back', () => {
    const short = blob.slice()
    const view = new DataView(short.buffer)
    view.setUint32(0x24, view.getUint32(0x24) - 4)
    expect(checkFdt(openInto(short, 4096).pack())).toEqual([])
  })
})

test('numbers of both byte orders', () => {
  const property = (value: Uint8Array) => ({ name: 'p', value, offset: 0 })
  expect(nativeU64(property(nativeU64Bytes(0x0123456789abcdefn)))).toBe(0x0123456789abcdefn)
  expect(nativeU64(property(new Uint8Array(7)))).toBeNull()
  expect(nativeU64(property(new Uint8Array(16)))).toBeNull()
  expect(nativeU64s(property(nativeU64Bytes(1n, 2n)))).toEqual([1n, 2n])
  expect(nativeU64s(property(new Uint8Array(12)))).toBeNull()
  expect(Array.from(nativeU32Bytes(0x01020304))).toEqual([4, 3, 2, 1])
  expect(nativeU32(property(bytesOf('\x04\x03\x02\x01')))).toBe(0x01020304)
  expect(nativeU32(property(new Uint8Array(8)))).toBeNull()
  expect(Array.from(cellBytes(0x01020304))).toEqual([1, 2, 3, 4])
  expect(cells(property(cellBytes(1, 0xffffffff)))).toEqual([1, 0xffffffff])
  expect(cells(property(new Uint8Array(5)))).toBeNull()
  expect(stringList(property(bytesOf('a\0\0')))).toEqual(['a', ''])
  expect(stringList(property(bytesOf('a')))).toBeNull()
  expect(stringList(property(new Uint8Array(0)))).toBeNull()
})
