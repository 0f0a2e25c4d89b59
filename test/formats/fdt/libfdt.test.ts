import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildFdt, type FdtNode, type FdtNodeSpec, parseFdt } from '../../../formats/fdt/index.js'
import {
  checkCompatible,
  checkRawHeader,
  getProperty,
  pathOffset,
  type RawFdt,
  subnodeOffset,
  subnodes,
} from '../../../formats/fdt/libfdt.js'

/*
 * libfdt as the kernel has it, held against this package's own reader, which shares no code with it; numbers of errors are
 * those of scripts/dtc/libfdt/libfdt.h.
 */

const [NOTFOUND, BADOFFSET, TRUNCATED, BADMAGIC, BADVERSION, BADSTRUCTURE, ALIGNMENT] = [
  -1, -4, -8, -9, -10, -11, -19,
]

function raw(bytes: Uint8Array, address = 0): RawFdt {
  const byte = (offset: number) => {
    const value = bytes[offset]
    if (value === undefined) throw new Error(`byte ${offset} is not there`)
    return value
  }
  const word = (at: number) =>
    byte(at) * 2 ** 24 + byte(at + 1) * 2 ** 16 + byte(at + 2) * 2 ** 8 + byte(at + 3)
  return { address, byte, word }
}

const nodeName = fc.string({ unit: fc.constantFrom('a', 'b', '@', '1'), minLength: 1, maxLength: 4 })
const property = fc.record({
  name: fc.string({ unit: fc.constantFrom('p', 'q', '-'), minLength: 1, maxLength: 3 }),
  value: fc.uint8Array({ maxLength: 9 }),
})
const properties = fc.uniqueArray(property, { selector: ({ name }) => name, maxLength: 4 })
const leaf = fc.record({ name: nodeName, properties })
const leaves = fc.uniqueArray(leaf, { selector: ({ name }) => name, maxLength: 4 })
const child = fc.record({ name: nodeName, properties, children: leaves })
const trees: fc.Arbitrary<FdtNodeSpec> = fc.record({
  properties,
  children: fc.uniqueArray(child, { selector: ({ name }) => name, maxLength: 5 }),
})

const blob = (spec: FdtNodeSpec) => buildFdt(spec)

describe('libfdt', () => {
  it('finds the nodes and properties that are there, the first of a name without its unit address too', () => {
    fc.assert(
      fc.property(trees, nodeName, (spec, other) => {
        const bytes = blob(spec)
        const fdt = raw(bytes)
        const { root } = parseFdt(bytes)
        const structure = fdt.word(8)
        const check = (node: FdtNode, offset: number) => {
          expect(offset + structure).toBe(node.offset)
          for (const { name, value } of node.properties) {
            const found = getProperty(fdt, offset, name)
            if (typeof found === 'number') throw new Error(`${name}: ${found}`)
            expect([...bytes.subarray(found.offset, found.offset + found.length)]).toEqual([...value])
          }
          expect(getProperty(fdt, offset, 'none')).toBe(NOTFOUND)
          for (const name of new Set([...node.children.map(it => it.name), other, 'a', ''])) {
            const wanted = node.children.find(
              it =>
                it.name === name ||
                (it.name.slice(0, Math.max(0, it.name.indexOf('@'))) === name && it.name.includes('@')),
            )
            if (name === '' && wanted === undefined) continue
            const found = subnodeOffset(fdt, offset, name)
            if (wanted === undefined) expect(found).toBe(NOTFOUND)
            else expect(found + structure).toBe(wanted.offset)
          }
          for (const it of node.children) check(it, it.offset - structure)
        }
        check(root, 0)
        expect(pathOffset(fdt, '/')).toBe(0)
        for (const { name } of root.children)
          expect(pathOffset(fdt, `/${name}`)).toBe(subnodeOffset(fdt, 0, name))
        expect([...subnodes(fdt)].map(({ offset, name }) => [offset + structure, name])).toEqual(
          root.children.map(({ offset, name }) => [offset, name]),
        )
      }),
      { numRuns: 60 },
    )
  })

  const plain = () =>
    blob({ properties: [{ name: 'p', value: Uint8Array.of(1) }], children: [{ name: 'n' }] })
  /** A good blob with one word of its header changed. */
  const changed = (offset: number, value: (bytes: Uint8Array) => number) => {
    const bytes = plain()
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(offset, value(bytes))
    return raw(bytes)
  }
  const header = (fdt: RawFdt, subBlockAlignment = true) => checkRawHeader(fdt, { subBlockAlignment })

  it.each<[string, number, (bytes: Uint8Array) => number, number]>([
    ['nothing', 0, () => 0xd00dfeed, 0],
    ['the magic', 0, () => 0xd00dfeee, BADMAGIC],
    ['a version of 1', 20, () => 1, BADVERSION],
    ['a version of 15 that only 16 and later read', 20, () => 15, BADVERSION],
    ['compatible with 18', 24, () => 18, BADVERSION],
    ['compatible with 17', 24, () => 17, 0],
    ['a size below the header', 4, () => 39, TRUNCATED],
    ['a size past INT_MAX', 4, () => 0x80000000, TRUNCATED],
    ['a size of INT_MAX', 4, () => 0x7fffffff, 0],
    ['reservations out of line', 16, () => 44, ALIGNMENT],
    ['reservations in the header', 16, () => 32, TRUNCATED],
    ['reservations at the end', 16, bytes => bytes.length - (bytes.length % 8), 0],
    ['structure out of line', 8, () => 58, ALIGNMENT],
    ['structure in the header', 8, () => 36, TRUNCATED],
    ['structure past the end', 8, bytes => bytes.length + 4 - (bytes.length % 4), TRUNCATED],
    ['a structure that is too long', 36, bytes => bytes.length, TRUNCATED],
    ['strings in the header', 12, () => 39, TRUNCATED],
    ['strings that wrap', 32, () => 0xffffffff, TRUNCATED],
    ['strings that end behind the end', 32, bytes => bytes.length, TRUNCATED],
  ])('judges a header with %s', (_, offset, value, answer) => {
    expect(header(changed(offset, value))).toBe(answer)
  })

  it('looks at alignment only where it is told to, but for that of the blob', () => {
    const bytes = plain()
    expect([header(raw(bytes, 8)), header(raw(bytes, 4)), header(raw(bytes, 4), false)]).toEqual([
      0,
      ALIGNMENT,
      ALIGNMENT,
    ])
    expect(
      header(
        changed(16, () => 44),
        false,
      ),
    ).toBe(0)
    expect(pathOffset(raw(bytes, 4), '/')).toBe(ALIGNMENT)
  })

  it('answers look-ups in what is no blob with the reason', () => {
    expect(
      pathOffset(
        changed(0, () => 1),
        '/n',
      ),
    ).toBe(BADMAGIC)
    expect(
      pathOffset(
        changed(20, () => 1),
        '/n',
      ),
    ).toBe(BADVERSION)
    expect(
      pathOffset(
        changed(24, () => 18),
        '/n',
      ),
    ).toBe(BADVERSION)
    expect(
      pathOffset(
        changed(4, () => 0x7fffffff),
        '/',
      ),
    ).toBe(TRUNCATED)
    expect(
      pathOffset(
        changed(0, () => 0x2ff20112),
        '/',
      ),
    ).toBe(0)
    expect(
      pathOffset(
        changed(0, () => 0x2ff20112),
        '/n',
      ),
    ).toBeGreaterThan(0)
    expect(getProperty(raw(plain()), 0, 'q')).toBe(NOTFOUND)
    expect([
      getProperty(raw(plain()), 2, 'p'),
      getProperty(raw(plain()), -4, 'p'),
      getProperty(raw(plain()), 8, 'p'),
    ]).toEqual(Array(3).fill(BADOFFSET))
    // A structure that ends, or goes on with what is no tag, before its nodes do.
    expect(
      subnodeOffset(
        changed(36, () => 8),
        0,
        'n',
      ),
    ).toBe(TRUNCATED)
    const bytes = plain()
    const structure = raw(bytes).word(8)
    bytes[structure + 8 + 3] = 7
    expect(getProperty(raw(bytes), 0, 'p')).toBe(BADSTRUCTURE)
    bytes[structure + 8 + 3] = 9
    expect(getProperty(raw(bytes), 0, 'p')).toBe(BADSTRUCTURE)
  })

  /** A blob as an older version would have it: the same words, under another number. */
  const older = (spec: FdtNodeSpec, version: number) => {
    const bytes = blob(spec)
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    view.setUint32(20, version)
    view.setUint32(24, 2)
    return bytes
  }

  it('knows versions from 2 on, and does not ask those before 17 for the size of their structure', () => {
    const spec = { children: [{ name: 'n' }] }
    expect([1, 2, 15, 16, 17].map(version => header(raw(older(spec, version))))).toEqual([
      BADVERSION,
      0,
      0,
      0,
      0,
    ])
    const bytes = older(spec, 16)
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(36, 8)
    expect(subnodeOffset(raw(bytes), 0, 'n')).toBeGreaterThan(0)
    bytes[23] = 17
    expect(subnodeOffset(raw(bytes), 0, 'n')).toBe(TRUNCATED)
    const made = plain()
    new DataView(made.buffer, made.byteOffset).setUint32(0, 0x2ff20112)
    new DataView(made.buffer, made.byteOffset).setUint32(36, 0)
    expect(pathOffset(raw(made), '/')).toBe(-7)
  })

  it('takes the last part of a name for it before version 16, when nodes had their whole path', () => {
    const named = (version: number) => {
      const bytes = older({ children: [{ name: 'n_m' }, { name: 'o' }] }, version)
      bytes[Buffer.from(bytes).indexOf('n_m') + 1] = 0x2f
      return raw(bytes)
    }
    expect(subnodeOffset(named(15), 0, 'm')).toBeGreaterThan(0)
    expect([subnodeOffset(named(15), 0, 'n/m'), subnodeOffset(named(15), 0, 'o')]).toEqual([
      NOTFOUND,
      NOTFOUND,
    ])
    expect(subnodeOffset(named(16), 0, 'm')).toBe(NOTFOUND)
    expect(subnodeOffset(named(16), 0, 'n/m')).toBeGreaterThan(0)
    expect([...subnodes(named(15))].map(({ name }) => name)).toEqual(['m', null])
  })

  it('looks for values of 8 bytes and more at multiples of 8 before version 16', () => {
    const place = (version: number, length: number) => {
      const properties = [{ name: 'p', value: new Uint8Array(length) }]
      const fdt = raw(older({ properties, children: [{ name: 'padding-behind-it' }] }, version))
      const found = getProperty(fdt, 0, 'p')
      return typeof found === 'number' ? found : found.offset - fdt.word(8)
    }
    // BEGIN_NODE, an empty name, tag, length, name: 20 bytes.
    expect([place(16, 8), place(15, 8), place(15, 7), place(15, 16), place(2, 8)]).toEqual([
      20, 24, 20, 24, 24,
    ])
  })

  it('ends at the last byte of structure and strings', () => {
    const bytes = plain()
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    const [strings, size] = [view.getUint32(12), view.getUint32(32)]
    expect(strings + size).toBe(view.getUint32(4))
    view.setUint32(32, size - 1)
    expect(getProperty(raw(bytes), 0, 'p')).toBe(NOTFOUND)
    view.setUint32(32, size)
    view.setUint32(4, strings + size - 1)
    expect(getProperty(raw(bytes), 0, 'p')).toBe(NOTFOUND)
    // Without the last byte of the END_NODE of the root.
    view.setUint32(4, view.getUint32(8) + view.getUint32(36) - 5)
    expect(getProperty(raw(bytes), 0, 'q')).toBe(NOTFOUND)
    expect(subnodeOffset(raw(bytes), 0, 'm')).toBe(TRUNCATED)
  })

  it('passes by NOPs', () => {
    const bytes = plain()
    const structure = raw(bytes).word(8)
    const at = getProperty(raw(bytes), 0, 'p') as { offset: number }
    // The property of one byte: tag, length, name, value.
    for (let n = 0; n < 4; n++) bytes.set([0, 0, 0, 4], at.offset - 12 + n * 4)
    expect(getProperty(raw(bytes), 0, 'p')).toBe(NOTFOUND)
    expect(subnodeOffset(raw(bytes), 0, 'n') + structure).toBe(parseFdt(bytes).root.children[0]!.offset)
  })

  it.each<[string, string, number]>([
    ['kho-v4\0', 'kho-v4', 0],
    ['kho-v4\0', 'kho-v', 1],
    ['kho-v4\0', 'kho-v44', 1],
    ['a\0kho-v4\0', 'kho-v4', 0],
    ['a\0b\0kho-v4\0', 'b', 0],
    ['a\0b\0', 'c', 1],
    ['', 'a', 1],
    ['xkho-v4\0', 'kho-v4', 1],
    ['kho-v5\0', 'kho-v4', 1],
  ])('takes %j for %s: %i', (list, wanted, answer) => {
    const value = Uint8Array.from(list, char => char.charCodeAt(0))
    const fdt = raw(blob({ properties: [{ name: 'compatible', value }] }))
    expect(checkCompatible(fdt, 0, wanted)).toBe(answer)
  })

  it('has no answer on a node that says nothing of what it is', () => {
    expect(checkCompatible(raw(plain()), 0, 'kho-v4')).toBe(NOTFOUND)
  })
})
