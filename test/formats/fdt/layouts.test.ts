import { describe, expect, test } from 'vitest'
import {
  checkFdt,
  checkFdtHeader,
  type FdtNode,
  findProperty,
  nativeU64Bytes,
  nodeAt,
  openInto,
  parseFdt,
  readFdt,
  stringBytes,
} from '../../../formats/fdt/index.js'
import { assemble, bytesOf, type Token } from './assemble.js'

const U64 = nativeU64Bytes(0x1122334455667788n)

/** A tree with all that versions lay out differently; `path` names nodes by their path, as before version 16. */
function sample(path: boolean): Token[] {
  return [
    { begin: path ? '/' : '' },
    { prop: 'compatible', value: stringBytes('a-long-one', 'b') },
    { prop: 'empty', value: new Uint8Array(0) },
    { prop: 'three', value: bytesOf('abc') },
    { prop: 'eight', value: U64 },
    { begin: path ? '/first@1' : 'first@1' },
    { prop: 'four', value: bytesOf('abcd') },
    { prop: 'eight', value: U64 },
    { begin: path ? '/first@1/below' : 'below' },
    { prop: 'nine', value: bytesOf('123456789') },
    'end-node',
    'end-node',
    { begin: path ? '/second' : 'second' },
    'end-node',
    'end-node',
    'end',
  ]
}

interface Shape {
  name: string
  path: string
  properties: [string, string][]
  children: Shape[]
}

function shape(node: FdtNode): Shape {
  return {
    name: node.name,
    path: node.path,
    properties: node.properties.map(({ name, value }) => [name, Array.from(value).join(' ')]),
    children: node.children.map(shape),
  }
}

const SAMPLE = parseFdt(assemble({ tokens: sample(false) }))

describe('versions', () => {
  test('the sample itself', () => {
    expect(nodeAt(SAMPLE, '/first/below')!.path).toBe('/first@1/below')
    expect(findProperty(nodeAt(SAMPLE, '/first@1')!, 'eight')!.value).toEqual(U64)
    expect(nodeAt(SAMPLE, '/first@2')).toBeNull()
    expect(nodeAt(SAMPLE, '/nowhere/below')).toBeNull()
  })

  for (let version = 1; version <= 17; version++) {
    test(`version ${version}`, () => {
      const blob = assemble({ version, tokens: sample(version < 16), reservations: [[0x1000n, 0x2000n]] })
      const tree = parseFdt(blob, { refuse: 'warnings' })
      expect(shape(tree.root)).toEqual(shape(SAMPLE.root))
      expect(tree.reservations).toEqual([{ address: 0x1000n, size: 0x2000n }])
      expect(tree.header.version).toBe(version)
      expect(tree.header.sizeDtStruct === null).toBe(version < 17)
      expect(tree.header.sizeDtStrings).toBe(SAMPLE.header.sizeDtStrings)
      // libfdt reads a size of the strings block whatever the version, so it may refuse version 2.
      if (version !== 2) expect(checkFdtHeader(blob)?.code ?? null).toBe(version === 1 ? 'BADVERSION' : null)
    })
  }

  test('version 18 that can be read as 17 is, with a warning', () => {
    const blob = assemble({ version: 18, lastComp: 17, tokens: sample(false) })
    expect(shape(parseFdt(blob).root)).toEqual(shape(SAMPLE.root))
    expect(checkFdt(blob).map(({ code }) => code)).toEqual(['NEWER-VERSION'])
    expect(checkFdtHeader(blob)).toBeNull()
  })

  test('before version 16 a path that is not below its parent’s is an error, and the node is kept', () => {
    const tokens: Token[] = [
      { begin: '/' },
      { begin: '/a' },
      { begin: '/b/c' },
      'end-node',
      'end-node',
      'end-node',
      'end',
    ]
    const { tree, problems } = readFdt(assemble({ version: 3, tokens }))
    expect(problems.map(({ code }) => code)).toEqual(['BADSTRUCTURE'])
    expect(problems[0]!.message).toContain('"/b/c"')
    expect(nodeAt(tree!, '/a/c')).not.toBeNull()
  })
})

describe('legal layouts', () => {
  const orders = [
    ['map', 'struct', 'strings'],
    ['map', 'strings', 'struct'],
    ['struct', 'map', 'strings'],
    ['struct', 'strings', 'map'],
    ['strings', 'map', 'struct'],
    ['strings', 'struct', 'map'],
  ] as const
  for (const order of orders) {
    for (const version of [16, 17]) {
      for (const gap of [0, 24]) {
        test(`${order.join(' ')}, version ${version}, ${gap} bytes between`, () => {
          const blob = assemble({ version, order, gap, tokens: sample(false), reservations: [[1n, 2n]] })
          expect(checkFdt(blob)).toEqual([])
          expect(checkFdtHeader(blob)).toBeNull()
          expect(shape(parseFdt(blob).root)).toEqual(shape(SAMPLE.root))
          // Opening and packing gives every one of them the same bytes.
          const packed = openInto(blob, 4096).pack()
          expect(packed).toEqual(
            openInto(assemble({ tokens: sample(false), reservations: [[1n, 2n]] }), 4096).pack(),
          )
          expect(shape(parseFdt(packed).root)).toEqual(shape(SAMPLE.root))
        })
      }
    }
  }

  for (const version of [16, 17]) {
    test(`FDT_NOP behind every token, also before and behind FDT_END, version ${version}`, () => {
      const tokens = sample(false).flatMap((token): Token[] => [token, 'nop'])
      const blob = assemble({ version, tokens })
      expect(checkFdt(blob)).toEqual([])
      expect(shape(parseFdt(blob).root)).toEqual(shape(SAMPLE.root))
      const editor = openInto(blob, 4096)
      editor.addSubnode('/', 'new')
      editor.setProperty('/first', 'four', bytesOf('12345'))
      const edited = parseFdt(editor.pack(), { refuse: 'warnings' })
      expect(edited.root.children.map(({ name }) => name)).toEqual(['new', 'first@1', 'second'])
      expect(findProperty(edited.root.children[1]!, 'four')!.value).toEqual(bytesOf('12345'))
    })
  }

  test('a blob is found the same at an odd place of its buffer', () => {
    const blob = assemble({ tokens: sample(false) })
    const buffer = new Uint8Array(blob.length + 9)
    buffer.set(blob, 3)
    expect(shape(parseFdt(buffer.subarray(3)).root)).toEqual(shape(SAMPLE.root))
  })
})
