import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isKhoError } from '../../../formats/error.js'
import {
  buildFdt,
  checkFdt,
  checkFdtHeader,
  dtsLosses,
  FDT_HEADER,
  type FdtNodeSpec,
  type FdtTree,
  openInto,
  parseFdt,
  printDts,
  readFdt,
  stringBytes,
} from '../../../formats/fdt/index.js'
import { readFdtFrame } from '../../../formats/fdt/read.js'
import { ANY_NAMES, PLAIN_NAMES, randomReservations, randomTree } from './random-trees.js'

interface Plain {
  name: string
  properties: [string, number[]][]
  children: Plain[]
}

/** A node without what depends on where it lies. */
function plain(spec: FdtNodeSpec): Plain {
  const properties = spec.properties as readonly { name: string; value: Uint8Array | string[] }[]
  return {
    name: spec.name ?? '',
    properties: properties.map(({ name, value }) => [
      name,
      Array.from(value instanceof Uint8Array ? value : stringBytes(...value)),
    ]),
    children: (spec.children ?? []).map(plain),
  }
}

test('what is written is read again', () => {
  fc.assert(
    fc.property(randomTree(ANY_NAMES), randomReservations, (spec, reservations) => {
      const blob = buildFdt(spec, { reservations })
      const tree = parseFdt(blob)
      expect(plain(tree.root)).toEqual(plain(spec))
      expect(tree.reservations).toEqual(reservations)
      expect(checkFdtHeader(blob)).toBeNull()
      expect(buildFdt(tree.root, { reservations })).toEqual(blob)
    }),
    { numRuns: 300 },
  )
})

test('header and reserve map are read as with the nodes, whatever is broken', () => {
  const change = fc.record({ at: fc.nat(), value: fc.nat(255) })
  fc.assert(
    fc.property(
      randomTree(ANY_NAMES),
      randomReservations,
      fc.array(change, { maxLength: 3 }),
      fc.constantFrom(17, 16, 3),
      (spec, reservations, changes, version) => {
        const blob = buildFdt(spec, { reservations })
        new DataView(blob.buffer, blob.byteOffset).setUint32(FDT_HEADER.version, version)
        // Half of the changes are to header and reserve map.
        for (const [n, { at, value }] of changes.entries())
          blob[at % (n % 2 === 0 ? 80 : blob.length)] = value
        const { tree } = readFdt(blob)
        const frame = readFdtFrame(blob)
        expect(frame && { header: frame.header, reservations: frame.reservations }).toEqual(
          tree && { header: tree.header, reservations: tree.reservations },
        )
      },
    ),
    { numRuns: 500 },
  )
})

test('a tree with proper names has no problems', () => {
  fc.assert(
    fc.property(randomTree(PLAIN_NAMES), spec => {
      const problems = checkFdt(buildFdt(spec)).filter(({ code }) => code !== 'EXTRA-NUL')
      expect(problems).toEqual([])
    }),
    { numRuns: 200 },
  )
})

test('a tree built by edits is the tree, with each list turned around', () => {
  const add = (editor: ReturnType<typeof openInto>, path: string, node: Plain) => {
    for (const [name, value] of node.properties) editor.setProperty(path, name, Uint8Array.from(value))
    for (const child of node.children) {
      editor.addSubnode(path, child.name)
      add(editor, `${path}/${child.name}`, child)
    }
  }
  const turned = (node: Plain): Plain => ({
    name: node.name,
    properties: node.properties.toReversed(),
    children: node.children.toReversed().map(turned),
  })
  // A name that is another's without its unit address counts as there.
  const rules = { ...PLAIN_NAMES, node: PLAIN_NAMES.node.map(name => `${name.replace('@', '-')}@1`) }
  fc.assert(
    fc.property(randomTree(rules), spec => {
      const editor = openInto(buildFdt({}), 1 << 16)
      add(editor, '', plain(spec))
      expect(plain(parseFdt(editor.pack()).root)).toEqual(turned(plain(spec)))
    }),
    { numRuns: 200 },
  )
})

/** Nothing but a refusal of the strict reader is ever thrown, and both readers agree. */
function read(bytes: Uint8Array): void {
  const { tree, problems } = readFdt(bytes)
  const broken = problems.some(({ severity }) => severity === 'error')
  let strict: FdtTree | null = null
  try {
    strict = parseFdt(bytes)
  } catch (error) {
    if (!isKhoError(error) || error.code !== 'bad-fdt') throw error
  }
  expect(strict === null).toBe(broken)
  if (strict) expect(strict).toEqual(tree)
  expect(checkFdt(bytes).length).toBeGreaterThanOrEqual(problems.length)
  checkFdtHeader(bytes)
  if (!tree) return
  expect(printDts(tree)).toContain('/dts-v1/;')
  dtsLosses(tree)
  try {
    const editor = openInto(bytes, 1 << 16)
    editor.setProperty('/', 'a-name', bytes.subarray(0, 5))
    editor.addSubnode('/', 'a-node@0')
    parseFdt(editor.pack())
  } catch (error) {
    if (!isKhoError(error)) throw error
  }
}

test('random bytes, with and without a header', () => {
  const header = buildFdt({}).subarray(0, 0x28)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
      read(bytes)
      const headed = bytes.slice()
      headed.set(header.subarray(0, bytes.length))
      read(headed)
    }),
    { numRuns: 500 },
  )
})

test('good blobs with some words and bytes changed', () => {
  const word = fc.oneof(
    fc.constantFrom(0, 1, 2, 3, 4, 9, 16, 17, 0x7fffffff, 0x80000000, 0xffffffff),
    fc.integer({ min: 0, max: 400 }),
  )
  const changes = fc.array(fc.tuple(fc.nat(), word, fc.boolean()), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(randomTree(ANY_NAMES), changes, (spec, list) => {
      const blob = buildFdt(spec)
      const view = new DataView(blob.buffer)
      for (const [place, value, whole] of list) {
        if (whole) view.setUint32((place % (blob.length >> 2)) * 4, value)
        else view.setUint8(place % blob.length, value & 0xff)
      }
      read(blob)
    }),
    { numRuns: 1000 },
  )
})
