import { describe, expect, test } from 'vitest'
import {
  cellBytes,
  checkFdt,
  createFdtWriter,
  FDT_MAX_DEPTH,
  FDT_MAX_NAME,
  FDT_MAX_PROBLEMS,
  nativeU64Bytes,
  parseFdt,
  printDts,
  readFdt,
} from '../../../formats/fdt/index.js'
import { assemble, bytesOf, concat, type Token } from './assemble.js'

const MIB = 1 << 20

/** `count` times the same words. */
function repeated(words: readonly number[], count: number): Uint8Array {
  const one = cellBytes(...words)
  const all = new Uint8Array(one.length * count)
  for (let at = 0; at < all.length; at += one.length) all.set(one, at)
  return all
}

const NODE_A = [1, 0x61000000]

describe('nesting', () => {
  for (const depth of [100_000, 1_000_000]) {
    test(`${depth} levels: the first ${FDT_MAX_DEPTH} are kept, and what follows is read`, () => {
      const tokens: Token[] = [
        { begin: '' },
        repeated(NODE_A, depth),
        repeated([2], depth),
        { begin: 'after' },
        'end-node',
        'end-node',
        'end',
      ]
      const blob = assemble({ tokens })
      const { tree, problems } = readFdt(blob)
      expect(problems.map(({ code }) => code)).toEqual(['TOO-DEEP'])
      expect(problems[0]!.offset).toBe(tree!.header.offDtStruct + 8 * FDT_MAX_DEPTH)
      expect(tree!.root.children.map(({ name }) => name)).toEqual(['a', 'after'])
      expect(() => parseFdt(blob)).toThrow(/level 65/)
      expect(printDts(tree!)).toContain('after {')
    })
  }

  test('levels that are never closed', () => {
    const blob = assemble({ tokens: [{ begin: '' }, repeated(NODE_A, 100_000)] })
    expect(readFdt(blob).problems.map(({ code }) => code)).toEqual(['TOO-DEEP', 'TRUNCATED'])
    expect(readFdt(blob).problems[1]!.message).toContain('100001 nodes still open')
  })
})

describe('names', () => {
  test('longer than is read, of a node and of a property', () => {
    const long = 'x'.repeat(FDT_MAX_NAME + 1)
    const tokens: Token[] = [
      { begin: '' },
      { prop: long, value: bytesOf('1') },
      { prop: long.slice(1), value: bytesOf('2') },
      { begin: long },
      { begin: 'below' },
      'end-node',
      'end-node',
      { begin: 'after' },
      'end-node',
      'end-node',
      'end',
    ]
    const { tree, problems } = readFdt(assemble({ tokens }))
    expect(problems.map(({ code }) => code)).toEqual(['TOO-LONG', 'TOO-LONG'])
    expect(tree!.root.properties.map(({ name }) => name.length)).toEqual([FDT_MAX_NAME])
    expect(tree!.root.children.map(({ name }) => name)).toEqual(['after'])
  })

  test('before version 16 the limit is for the last part of the path', () => {
    const part = 'x'.repeat(FDT_MAX_NAME)
    const tokens: Token[] = [{ begin: '/' }, { begin: `/${part}` }, { begin: `/${part}/${part}` }]
    const ends: Token[] = ['end-node', 'end-node', 'end-node', 'end']
    expect(checkFdt(assemble({ version: 1, tokens: [...tokens, ...ends] }))).toEqual([])
    const longer: Token[] = [{ begin: '/' }, { begin: `/${part}x` }, 'end-node', 'end-node', 'end']
    expect(checkFdt(assemble({ version: 1, tokens: longer })).map(({ code }) => code)).toEqual(['TOO-LONG'])
  })

  test('a name of 4 MiB that a hundred thousand properties begin in other places of', () => {
    const count = 100_000
    const properties = new Uint8Array(count * 12)
    const view = new DataView(properties.buffer)
    for (let index = 0; index < count; index++) {
      view.setUint32(index * 12, 3)
      view.setUint32(index * 12 + 8, index * 40)
    }
    const tokens: Token[] = [{ begin: '' }, properties, 'end-node', 'end']
    const blob = assemble({ tokens, moreStrings: `${'x'.repeat(4 * MIB)}\0` })
    const problems = checkFdt(blob)
    // Each is left out; a thousand are listed.
    expect(problems).toHaveLength(FDT_MAX_PROBLEMS + 1)
    expect(problems.at(-1)!.code).toBe('MORE')
  })

  test('a property name without end at the end of a large buffer', () => {
    const blob = assemble({ tokens: [{ begin: '' }, bytesOf('\0\0\0\x01name')] })
    const page = concat(blob, new Uint8Array(64 * MIB).fill(0x61))
    expect(readFdt(page).problems.map(({ code }) => code)).toEqual(['BADSTRUCTURE'])
  })
})

describe('size', () => {
  test('10 MiB of small nodes', () => {
    const writer = createFdtWriter(10 * MIB)
    writer.beginNode('')
    let count = 0
    for (; count < 150_000; count++) {
      writer.beginNode(`node@${count.toString(16)}`)
      writer.property('preserved-data', nativeU64Bytes(BigInt(count) << 12n))
      writer.property('blob-size', nativeU64Bytes(BigInt(count)))
      writer.endNode()
    }
    writer.endNode()
    const blob = writer.finish()
    expect(blob.length).toBeGreaterThan(8 * MIB)
    const tree = parseFdt(blob)
    expect(tree.root.children).toHaveLength(count)
    expect(checkFdt(blob)).toEqual([])
    expect(printDts(tree)).toContain('node@249ef {')
  })

  test('10 MiB of empty properties with one name, and of FDT_NOP', () => {
    const count = 400_000
    const tokens: Token[] = [
      { begin: '' },
      repeated([3, 0, 0], count),
      repeated([4], count),
      'end-node',
      'end',
    ]
    const blob = assemble({ tokens, moreStrings: 'p\0' })
    expect(parseFdt(blob).root.properties).toHaveLength(count)
    const problems = checkFdt(blob)
    expect(problems).toHaveLength(FDT_MAX_PROBLEMS + 1)
  })

  test('a hundred thousand different names are written', () => {
    const writer = createFdtWriter(10 * MIB)
    writer.beginNode('')
    for (let index = 0; index < 100_000; index++) writer.property(`property-${index}`, new Uint8Array(0))
    writer.endNode()
    expect(parseFdt(writer.finish()).root.properties).toHaveLength(100_000)
  })

  test('an error is not lost behind many warnings', () => {
    const tokens: Token[] = [{ begin: '' }, { begin: 'a' }, 'end-node', repeated([3, 0, 0], 5000), 'end-node']
    const blob = assemble({ tokens, moreStrings: 'p\0' })
    expect(readFdt(blob).problems.at(-1)!.code).toBe('TRUNCATED')
    expect(() => parseFdt(blob)).toThrow(/without FDT_END/)
  })
})
