import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  buildFdt,
  cellBytes,
  dtsLosses,
  type FdtNode,
  type FdtTree,
  nativeU32Bytes,
  nativeU64Bytes,
  parseFdt,
  printDts,
  readFdt,
  stringBytes,
} from '../../../formats/fdt/index.js'
import { assemble, bytesOf, type Token } from './assemble.js'
import { type NameRules, ODD_NAMES, PLAIN_NAMES, randomReservations, randomTree } from './random-trees.js'

describe('how values are printed', () => {
  const printed = (name: string, value: Uint8Array) => {
    const line = printDts(parseFdt(buildFdt({ properties: [{ name, value }] }))).split('\n')[3]
    return line?.trim()
  }

  test('each kind', () => {
    expect(printed('flag', new Uint8Array(0))).toBe('flag;')
    expect(printed('compatible', stringBytes('kho-v4'))).toBe('compatible = "kho-v4";')
    expect(printed('list', stringBytes('a"b', 'c\\d'))).toBe('list = "a\\"b", "c\\\\d";')
    expect(printed('cells', cellBytes(1, 0xdeadbeef))).toBe('cells = <0x1 0xdeadbeef>;')
    expect(printed('bytes', bytesOf('ab\x00\x01c'))).toBe('bytes = [61 62 00 01 63];')
    // Not strings: an empty one, and one without its NUL.
    expect(printed('zeros', bytesOf('\0\0\0\0'))).toBe('zeros = <0x0>;')
    expect(printed('open', bytesOf('abc'))).toBe('open = [61 62 63];')
  })

  test('native numbers, whatever else they look like', () => {
    expect(printed('preserved-memory-map', nativeU64Bytes(0x123456000n))).toBe(
      'preserved-memory-map = [00 60 45 23 01 00 00 00]; /* native u64 0x123456000 */',
    )
    expect(printed('fdt', stringBytes('abcdefg'))).toBe(
      'fdt = [61 62 63 64 65 66 67 00]; /* native u64 0x67666564636261 */',
    )
    expect(printed('metadata', nativeU64Bytes(1n, 2n))).toMatch(/; \/\* native u64 0x1 0x2 \*\/$/)
    expect(printed('magic', nativeU32Bytes(0x4b484f21))).toBe(
      'magic = [21 4f 48 4b]; /* native u32 0x4b484f21 */',
    )
    // Another length is no such number.
    expect(printed('blob-size', cellBytes(5))).toBe('blob-size = <0x5>;')
    expect(printed('magic', nativeU64Bytes(0n))).toBe('magic = <0x0 0x0>;')
  })

  test('the caller says which names are native', () => {
    const tree = parseFdt(buildFdt({ properties: { size: cellBytes(0, 1), mine: nativeU64Bytes(7n) } }))
    const text = printDts(tree, { nativeU64: new Set(['mine']) })
    expect(text).toContain('size = <0x0 0x1>;')
    expect(text).toContain('/* native u64 0x7 */')
  })

  test('a whole tree', () => {
    const blob = buildFdt(
      {
        properties: { compatible: 'a' },
        children: [{ name: 'b@1', children: [{ name: 'c' }] }, { name: 'd' }],
      },
      { reservations: [{ address: 0x1000n, size: 2n ** 64n - 1n }] },
    )
    expect(printDts(parseFdt(blob))).toBe(`/dts-v1/;

/memreserve/ 0x1000 0xffffffffffffffff;

/ {
	compatible = "a";
	b@1 {
		c {
		};
	};
	d {
	};
};
`)
  })
})

describe('what DTS cannot say', () => {
  test('is listed, and named in comments that nothing ends early', () => {
    const tokens: Token[] = [
      { begin: '' },
      { prop: 'a b', value: new Uint8Array(0) },
      { begin: '*/{};"' },
      'end-node',
      { begin: '' },
      'end-node',
      { prop: 'late', value: new Uint8Array(0) },
      'end-node',
      'end',
    ]
    const { tree } = readFdt(assemble({ tokens, words: { 28: 1 } }))
    expect(dtsLosses(tree!).map(({ message }) => message)).toEqual([
      'boot_cpuid_phys is 0x1, which dtc takes as -b',
      'a property is named "a b", not a_x20b',
      'a property comes after a child node',
      'a node is named "*\\x2f{};\\x22", not *_x2f_x7b_x7d_x3b_x22',
      'a node is named "", not _x',
    ])
    const text = printDts(tree!)
    expect(text).toContain('/* not the same, at 0x1c: boot_cpuid_phys is 0x1, which dtc takes as -b */')
    expect(text).toContain('\ta_x20b;')
    expect(text).toContain('\t*_x2f_x7b_x7d_x3b_x22 {')
    if (dtc) expect(compile(text, ['-f']).children.map(({ name }) => name)[1]).toBe('_x')
  })

  test('is nothing for the other trees', () => {
    expect(dtsLosses(parseFdt(buildFdt({ properties: { a: 'b' }, children: [{ name: 'c@1' }] })))).toEqual([])
  })
})

interface Plain {
  name: string
  properties: [string, string][]
  children: Plain[]
}

function plain(node: FdtNode): Plain {
  return {
    name: node.name,
    properties: node.properties.map(({ name, value }) => [name, Array.from(value).join(' ')]),
    children: node.children.map(plain),
  }
}

const dtc = spawnSync('dtc', ['--version']).status === 0

function compileTree(text: string, options: readonly string[]): FdtTree {
  const { status, stdout, stderr } = spawnSync('dtc', ['-q', '-q', '-I', 'dts', '-O', 'dtb', ...options], {
    input: text,
    maxBuffer: 1 << 26,
  })
  if (status !== 0) throw new Error(`dtc ended with ${status}: ${stderr.toString()}\n${text}`)
  return parseFdt(new Uint8Array(stdout))
}
const compile = (text: string, options: readonly string[]) => plain(compileTree(text, options).root)

describe('what dtc reads back', () => {
  if (!dtc) {
    const name = 'left out: dtc round trip (device-tree-compiler not installed)'
    test(name, () => {
      console.log(name)
    })
    return
  }
  const roundTrip = (rules: NameRules, options: readonly string[], numRuns: number) => {
    fc.assert(
      fc.property(randomTree(rules), randomReservations, (spec, reservations) => {
        const tree = parseFdt(buildFdt(spec, { reservations }))
        expect(dtsLosses(tree)).toEqual([])
        const again = compileTree(printDts(tree), options)
        expect(plain(again.root)).toEqual(plain(tree.root))
        expect(again.reservations).toEqual(tree.reservations)
      }),
      { numRuns },
    )
  }

  test('trees with proper names, with no check objecting', () => {
    roundTrip(PLAIN_NAMES, [], 150)
  })

  test('trees with any name that its lexer takes', () => {
    roundTrip(ODD_NAMES, ['-f', '-W', 'no-name_properties'], 150)
  })

  test('every byte in names and values, the names that dtc knows, and the same name twice', () => {
    const all = Uint8Array.from({ length: 255 }, (_, index) => index + 1)
    const tokens: Token[] = [
      { begin: '' },
      { prop: 'name', value: stringBytes('other') },
      { prop: 'phandle', value: cellBytes(0) },
      { prop: 'linux,phandle', value: cellBytes(7) },
      { prop: 'all', value: all },
      { prop: 'all', value: stringBytes(String.fromCharCode(...all.subarray(0x1f, 0x7e))) },
      { begin: '__fixups__' },
      'end-node',
      { begin: 'twice' },
      { prop: 'reg', value: cellBytes(1) },
      'end-node',
      { begin: 'twice' },
      'end-node',
      'end-node',
      'end',
    ]
    const tree = parseFdt(assemble({ tokens, reservations: [[2n ** 64n - 1n, 1n]] }))
    expect(dtsLosses(tree)).toEqual([])
    const again = compileTree(printDts(tree), ['-f', '-W', 'no-name_properties'])
    expect(plain(again.root)).toEqual(plain(tree.root))
    expect(again.reservations).toEqual(tree.reservations)
  })

  test('what dtc itself writes, in every version that it knows', () => {
    const text = printDts(
      parseFdt(
        buildFdt(
          {
            properties: { compatible: ['a', 'b'], eight: nativeU64Bytes(5n), three: bytesOf('abc') },
            children: [
              { name: 'x@1', properties: { nine: bytesOf('123456789') }, children: [{ name: 'y' }] },
            ],
          },
          { reservations: [{ address: 0x1000n, size: 0x2000n }] },
        ),
      ),
    )
    const expected = compileTree(text, ['-V', '17'])
    for (const version of [1, 2, 3, 16]) {
      const tree = compileTree(text, ['-V', String(version)])
      expect(tree.header.version).toBe(version)
      expect(tree.problems).toEqual([])
      expect(tree.reservations).toEqual(expected.reservations)
      // Before version 16 dtc adds a property "name" to every node.
      const named = (node: Plain): Plain => ({
        name: node.name,
        properties: node.properties.filter(([name]) => name !== 'name'),
        children: node.children.map(named),
      })
      expect(named(plain(tree.root))).toEqual(plain(expected.root))
      expect(plain(tree.root).properties.some(([name]) => name === 'name')).toBe(version < 16)
    }
  })
})
