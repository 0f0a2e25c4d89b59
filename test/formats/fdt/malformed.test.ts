import { describe, expect, test } from 'vitest'
import { isKhoError } from '../../../formats/error.js'
import {
  cellBytes,
  checkFdt,
  checkFdtHeader,
  type FdtProblemCode,
  libfdtErrorNumber,
  parseFdt,
  readFdt,
  stringBytes,
} from '../../../formats/fdt/index.js'
import { assemble, bytesOf, type Layout, type Token } from './assemble.js'

const PLAIN: Token[] = [
  { begin: '' },
  { prop: 'compatible', value: stringBytes('a') },
  { prop: 'number', value: cellBytes(1) },
  { begin: 'child' },
  'end-node',
  'end-node',
  'end',
]
const plain = (words: Layout['words'] = {}) => assemble({ tokens: PLAIN, words })
const GOOD = plain()
const HEADER = parseFdt(GOOD).header

/** Each blob is refused by the strict reader with this offset and cause; the lenient one never throws. */
function refused(bytes: Uint8Array, code: FdtProblemCode, offset: number, cause: RegExp): void {
  const error = thrown(() => parseFdt(bytes))
  expect(error.message).toMatch(cause)
  expect(error.message).toContain(`(${code})`)
  expect(error.message).toContain(`0x${offset.toString(16)}`)
  expect(error.place.offset).toBe(offset)
  const { problems } = readFdt(bytes)
  expect(problems.find(({ severity }) => severity === 'error')).toMatchObject({ code, offset })
}

function thrown(run: () => unknown) {
  try {
    run()
  } catch (error) {
    if (isKhoError(error) && error.code === 'bad-fdt') return error
    throw error
  }
  throw new Error('nothing was thrown')
}

/** Each blob is read whole, with this warning; the strict reader refuses it on request. */
function flagged(bytes: Uint8Array, code: FdtProblemCode, offset: number, cause: RegExp): void {
  const tree = parseFdt(bytes)
  expect(tree.problems.every(({ severity }) => severity === 'warning')).toBe(true)
  const problems = checkFdt(bytes)
  expect(problems.map(problem => problem.code)).toEqual([code])
  expect(problems[0]).toMatchObject({ offset, severity: 'warning' })
  expect(problems[0]!.message).toMatch(cause)
  expect(thrown(() => parseFdt(bytes, { refuse: 'warnings' })).place.offset).toBe(offset)
}

describe('the header', () => {
  const { totalsize, offDtStruct, offDtStrings, offMemRsvmap } = HEADER
  const cases: [string, Layout['words'], FdtProblemCode, number, RegExp][] = [
    ['magic, lowest bit', { 0: 0xd00dfeec }, 'BADMAGIC', 0, /0xd00dfeec/],
    ['magic, highest bit', { 0: 0x500dfeed }, 'BADMAGIC', 0, /0x500dfeed/],
    ['magic, bytes swapped', { 0: 0xedfe0dd0 }, 'BADMAGIC', 0, /swapped/],
    ['an unfinished blob', { 0: 0x2ff20112 }, 'BADMAGIC', 0, /unfinished/],
    ['version 0', { 20: 0, 24: 0 }, 'BADVERSION', 0x14, /version 0/],
    ['versions 18', { 20: 18, 24: 18 }, 'BADVERSION', 0x18, /18/],
    ['last_comp above version', { 20: 16, 24: 17 }, 'BADVERSION', 0x18, /17 is above version 16/],
    ['totalsize below the header', { 4: 0x27 }, 'TRUNCATED', 4, /0x27 is less/],
    ['totalsize above INT_MAX', { 4: 0x80000000 }, 'TRUNCATED', 4, /0x80000000/],
    ['totalsize above the buffer', { 4: totalsize + 1 }, 'TRUNCATED', 4, /more than/],
    ['cut before the structure block', { 4: offDtStruct - 1 }, 'TRUNCATED', 8, /off_dt_struct/],
    ['cut in the structure block', { 4: offDtStruct + 1 }, 'TRUNCATED', 0x24, /size_dt_struct/],
    ['cut before the strings', { 4: offDtStrings - 1 }, 'TRUNCATED', 0x24, /size_dt_struct/],
    ['cut in the strings', { 4: offDtStrings + 1 }, 'TRUNCATED', 0x20, /size_dt_strings/],
    ['cut before the reserve map', { 4: offMemRsvmap - 1 }, 'TRUNCATED', 4, /less than the header/],
    ['cut in the reserve map', { 4: offMemRsvmap + 1 }, 'TRUNCATED', 8, /behind totalsize/],
    ['size_dt_struct -1', { 36: 0xffffffff }, 'TRUNCATED', 0x24, /0xffffffff/],
    ['size_dt_struct INT_MIN', { 36: 0x80000000 }, 'TRUNCATED', 0x24, /0x80000000/],
    ['size_dt_strings -1', { 32: 0xffffffff }, 'TRUNCATED', 0x20, /0xffffffff/],
    ['size_dt_strings INT_MIN', { 32: 0x80000000 }, 'TRUNCATED', 0x20, /0x80000000/],
    ['off_dt_struct not aligned', { 8: offDtStruct + 2 }, 'ALIGNMENT', 8, /multiple of 4/],
    ['off_mem_rsvmap not aligned', { 16: offMemRsvmap + 4 }, 'ALIGNMENT', 0x10, /multiple of 8/],
    ['off_dt_struct behind the blob', { 8: 0x10000 }, 'TRUNCATED', 8, /off_dt_struct 0x10000 lies behind/],
    ['off_dt_struct in the header', { 8: 0x10 }, 'TRUNCATED', 8, /lies in the header/],
    ['off_dt_strings behind the blob', { 12: 0x10000 }, 'TRUNCATED', 0xc, /off_dt_strings/],
    ['off_mem_rsvmap behind the blob', { 16: 0x10000 }, 'TRUNCATED', 0x10, /off_mem_rsvmap/],
  ]
  for (const [name, words, code, offset, cause] of cases) {
    test(name, () => refused(plain(words), code, offset, cause))
  }

  test('a blob cut short at every length', () => {
    for (let length = 0; length < GOOD.length; length++) {
      const cut = GOOD.subarray(0, length)
      const code = readFdt(cut).problems[0]!.code
      expect(code).toBe('TRUNCATED')
      expect(thrown(() => parseFdt(cut)).message).toMatch(/bytes/)
    }
  })

  test('what libfdt answers', () => {
    const answers: [Layout['words'], number | null][] = [
      [{}, null],
      [{ 0: 0xd00dfeec }, 9],
      [{ 0: 0x500dfeed }, 9],
      [{ 20: 1, 24: 1 }, 10],
      [{ 20: 18, 24: 18 }, 10],
      [{ 20: 2, 24: 17 }, 10],
      [{ 4: 0x1b }, 8],
      [{ 4: 0x80000000 }, 8],
      ...[offDtStruct, offDtStrings, offMemRsvmap].flatMap((start): [Layout['words'], number][] => [
        [{ 4: start - 1 }, 8],
        [{ 4: start + 1 }, 8],
      ]),
      [{ 36: 0xffffffff }, 8],
      [{ 36: 0x80000000 }, 8],
      [{ 32: 0xffffffff }, 8],
      [{ 32: 0x80000000 }, 8],
      [{ 8: offDtStruct + 2 }, 19],
      [{ 16: offMemRsvmap + 4 }, 19],
      // It does not see how many bytes there are.
      [{ 4: 0x7fffffff }, null],
    ]
    for (const [words, number] of answers) {
      const problem = checkFdtHeader(plain(words))
      expect([words, problem && libfdtErrorNumber(problem.code)]).toEqual([words, number])
    }
    for (const misaligned of [{ 8: offDtStruct + 2, 36: 0 }, { 16: offMemRsvmap + 4 }]) {
      expect(checkFdtHeader(plain(misaligned), { subBlockAlignment: false })).toBeNull()
    }
    expect(libfdtErrorNumber('TOO-DEEP')).toBeNull()
    expect(checkFdtHeader(GOOD.subarray(0, 3))!.code).toBe('TRUNCATED')
    expect(checkFdtHeader(GOOD.subarray(0, 0x27))!.code).toBe('TRUNCATED')
  })
})

describe('the structure block', () => {
  const start = HEADER.offDtStruct
  const broken = (tokens: Token[], words: Layout['words'] = {}) => assemble({ tokens, words })

  const lengths: [string, number][] = [
    ['one past the end', 25],
    ['INT_MAX', 0x7fffffff],
    ['an overflow', 0xfffffffa],
    ['a sum above INT_MAX', 0x7ffffffa],
  ]
  for (const [name, length] of lengths) {
    test(`a property’s length: ${name}`, () => {
      const blob = broken([
        { begin: '' },
        { prop: 'p', value: cellBytes(1), length },
        { begin: 'x' },
        'end-node',
        'end-node',
      ])
      refused(blob, 'BADSTRUCTURE', start + 12, /property of 0x[0-9a-f]+ bytes runs past/)
    })
  }

  test('a property whose value just fits, and the block ends', () => {
    const blob = broken([{ begin: '' }, { prop: 'p', value: cellBytes(1) }])
    refused(blob, 'TRUNCATED', start + 24, /without FDT_END, with 1 node still open/)
    expect(readFdt(blob).tree!.root.properties).toHaveLength(1)
  })

  test('a property’s head cut', () => {
    refused(broken([{ begin: '' }, cellBytes(3, 0)]), 'BADSTRUCTURE', start + 8, /head runs past/)
  })

  test('a node name without its NUL', () => {
    const blob = broken([{ begin: '' }, cellBytes(1), bytesOf('name')])
    refused(blob, 'BADSTRUCTURE', start + 12, /node name has no NUL/)
  })

  test('two roots', () => {
    const blob = broken([
      { begin: '' },
      { begin: 'a' },
      'end-node',
      'end-node',
      { begin: '' },
      'end-node',
      'end',
    ])
    refused(blob, 'BADSTRUCTURE', start + 24, /second root/)
    expect(readFdt(blob).tree!.root.children).toHaveLength(1)
    expect(readFdt(blob).problems).toHaveLength(1)
  })

  test('a root with a name', () => {
    refused(broken([{ begin: 'root' }, 'end-node', 'end']), 'BADSTRUCTURE', start + 4, /has a name, "root"/)
  })

  test('no root', () => {
    refused(broken(['end']), 'BADSTRUCTURE', start, /no root/)
    refused(broken([]), 'TRUNCATED', start, /without FDT_END or any node/)
  })

  test('a token that is none', () => {
    refused(
      broken([{ begin: '' }, cellBytes(5), 'end-node', 'end']),
      'BADSTRUCTURE',
      start + 8,
      /0x5 is no token/,
    )
  })

  test('FDT_END inside a node, FDT_END_NODE outside of one', () => {
    refused(broken([{ begin: '' }, { begin: 'a' }, 'end']), 'BADSTRUCTURE', start + 16, /2 nodes still open/)
    refused(
      broken([{ begin: '' }, 'end-node', 'end-node', 'end']),
      'BADSTRUCTURE',
      start + 12,
      /FDT_END_NODE/,
    )
  })

  test('properties outside of every node', () => {
    const property = { prop: 'p', value: cellBytes(1) }
    refused(
      broken([property, { begin: '' }, 'end-node', 'end']),
      'BADSTRUCTURE',
      start,
      /outside of every node/,
    )
    refused(
      broken([{ begin: '' }, 'end-node', property, 'end']),
      'BADSTRUCTURE',
      start + 12,
      /outside of every node/,
    )
  })

  test('size_dt_struct 4 too small: tolerated', () => {
    const size = HEADER.sizeDtStruct! - 4
    flagged(plain({ 36: size }), 'END-OUTSIDE', start + size, /FDT_END lies behind/)
  })

  test('size_dt_struct 8 too small', () => {
    const size = HEADER.sizeDtStruct! - 8
    refused(plain({ 36: size }), 'TRUNCATED', start + size, /without FDT_END, with 1 node/)
  })

  test('bytes behind FDT_END', () => {
    const blob = broken([...PLAIN, 'nop', cellBytes(0x77)])
    flagged(blob, 'AFTER-END', start + HEADER.sizeDtStruct! + 4, /0x4 bytes/)
  })

  test('FDT_NOP before the root, and before version 16', () => {
    flagged(broken(['nop', ...PLAIN]), 'NOP-BEFORE-ROOT', start, /before the root/)
    const old = assemble({ version: 3, tokens: [{ begin: '/' }, 'nop', 'nop', 'end-node', 'end'] })
    flagged(old, 'NOP-IN-OLD-VERSION', parseFdt(old).header.offDtStruct + 8, /version 3/)
  })

  test('a property behind a child', () => {
    const blob = broken([
      { begin: '' },
      { begin: 'a' },
      'end-node',
      { prop: 'p', value: cellBytes(1) },
      'end-node',
      'end',
    ])
    flagged(blob, 'LATE-PROPERTY', start + 20, /"p" comes after a child/)
    expect(parseFdt(blob).root.properties).toHaveLength(1)
  })
})

describe('the strings block', () => {
  const start = HEADER.offDtStruct
  const twoNames = (second: string | number, moreStrings = '', words: Layout['words'] = {}) =>
    assemble({
      tokens: [
        { begin: '' },
        { prop: 'good', value: new Uint8Array(0) },
        { prop: second, value: new Uint8Array(0) },
        'end-node',
        'end',
      ],
      moreStrings,
      words,
    })

  test('a name without its NUL at the end', () => {
    const blob = twoNames(5, 'bad')
    refused(blob, 'TRUNCATED', start + 28, /offset 0x5 has no NUL/)
    expect(readFdt(blob).tree!.root.properties.map(({ name }) => name)).toEqual(['good'])
  })

  for (const offset of [8, 0x10000, 0x40000000, 0x7fffffff, 0x80000000, 0xffffffff]) {
    test(`name offset 0x${offset.toString(16)}`, () => {
      refused(
        twoNames(offset, 'bad'),
        'BADOFFSET',
        start + 28,
        new RegExp(`0x${offset.toString(16)} is outside the 0x8 bytes`),
      )
    })
  }

  test('size_dt_strings 0xffffffff and a name far outside', () => {
    refused(twoNames(0x10000000, '', { 32: 0xffffffff }), 'TRUNCATED', 0x20, /0xffffffff/)
    expect(readFdt(twoNames(0x10000000, '', { 32: 0xffffffff })).problems.map(({ code }) => code)).toEqual([
      'TRUNCATED',
      'BADOFFSET',
    ])
  })
})

describe('the reserve map', () => {
  const entry = [0xdeadbeef00000000n, 0x100000n] as const
  const tokens: Token[] = [{ begin: '' }, 'end-node', 'end']

  test('no end before the end of the blob', () => {
    const order = ['struct', 'strings', 'map'] as const
    const blob = assemble({ tokens, order, reservations: [entry], unterminated: true })
    const { offMemRsvmap } = readFdt(blob).header!
    refused(blob, 'TRUNCATED', offMemRsvmap + 16, /no end before the end of the blob/)
    expect(readFdt(blob).tree!.reservations).toEqual([{ address: entry[0], size: entry[1] }])
  })

  test('no end before the structure block', () => {
    const blob = assemble({ tokens, reservations: [entry], unterminated: true })
    refused(blob, 'TRUNCATED', 0x38, /no end before the structure block at 0x38/)
  })

  test('no end before the strings block', () => {
    const order = ['struct', 'map', 'strings'] as const
    const more: Token[] = [{ begin: '' }, { prop: 'a-name-of-some-length', value: U8 }, 'end-node', 'end']
    const blob = assemble({ tokens: more, order, reservations: [entry], unterminated: true })
    const { offMemRsvmap } = readFdt(blob).header!
    refused(blob, 'TRUNCATED', offMemRsvmap + 16, /no end before the strings block/)
  })

  test('an end with an address', () => {
    const blob = assemble({ tokens, reservations: [entry, [0x1000n, 0n]] })
    flagged(blob, 'EMPTY-RESERVATION', 0x38, /address 0x1000/)
  })
})

const U8 = new Uint8Array(0)

describe('what can be read but breaks the specification', () => {
  const inRoot = (...tokens: Token[]): Token[] => [{ begin: '' }, ...tokens, 'end-node', 'end']
  const at = HEADER.offDtStruct + 8

  const nodes: [string, FdtProblemCode, RegExp][] = [
    ['sub$node', 'NODE-NAME-CHARS', /"sub\$node"/],
    ['caf\xe9"', 'NODE-NAME-CHARS', /"caf\\xe9\\x22"/],
    ['subnode@1@2', 'NODE-NAME-FORMAT', /more than one "@"/],
    ['', 'NODE-NAME-EMPTY', /no name/],
  ]
  for (const [name, code, cause] of nodes) {
    test(`a node named ${JSON.stringify(name)}`, () => {
      flagged(assemble({ tokens: inRoot({ begin: name }, 'end-node') }), code, at, cause)
    })
  }

  test('property names', () => {
    flagged(
      assemble({ tokens: inRoot({ prop: 'prop$erty', value: U8 }) }),
      'PROPERTY-NAME-CHARS',
      at + 12,
      /"prop\$erty"/,
    )
    const blob = assemble({ tokens: inRoot({ prop: 0, value: U8 }), moreStrings: '\0' })
    flagged(blob, 'PROPERTY-NAME-EMPTY', at + 12, /no name/)
  })

  test('names twice', () => {
    flagged(
      assemble({ tokens: inRoot({ begin: 'a' }, 'end-node', { begin: 'a' }, 'end-node') }),
      'DUPLICATE-NODE',
      at + 12,
      /second node "a"/,
    )
    flagged(
      assemble({ tokens: inRoot({ prop: 'a', value: U8 }, { prop: 'a', value: U8 }) }),
      'DUPLICATE-PROPERTY',
      at + 24,
      /second property "a"/,
    )
  })

  test('a text with one NUL too many', () => {
    const text = (value: string) => assemble({ tokens: inRoot({ prop: 'text', value: bytesOf(value) }) })
    flagged(text('kho-v4\0\0'), 'EXTRA-NUL', at + 12 + 7, /ends with two NULs/)
    flagged(text('one\0two\0\0'), 'EXTRA-NUL', at + 12 + 8, /ends with two NULs/)
    for (const value of ['kho-v4\0', '\0\0', 'A\0\0\0', 'A\0\0\0\0\0\0\0', 'a\0\0b\0\0', 'abc\x01\0\0']) {
      expect(checkFdt(text(value))).toEqual([])
    }
  })

  test('blocks that share bytes', () => {
    // The names may lie in a value: libfdt does not mind.
    const blob = assemble({
      tokens: inRoot({ prop: 0, value: stringBytes('name') }),
      words: { 12: at + 12, 32: 5 },
    })
    flagged(blob, 'OVERLAP', at + 12, /strings block begins inside the structure block/)
    expect(parseFdt(blob).root.properties[0]!.name).toBe('name')
  })
})

test('problems come in order: header, reserve map, structure block; the first error is thrown', () => {
  const tokens: Token[] = [{ begin: 'x' }, cellBytes(7)]
  const blob = assemble({ version: 18, lastComp: 17, tokens, unterminated: true, words: { 4: 0x1000 } })
  expect(readFdt(blob).problems.map(({ code, offset }) => [code, offset])).toEqual([
    ['NEWER-VERSION', 0x14],
    ['TRUNCATED', 4],
    ['TRUNCATED', 0x28],
    ['BADSTRUCTURE', 0x2c],
    ['BADSTRUCTURE', 0x30],
  ])
  expect(thrown(() => parseFdt(blob)).place.offset).toBe(4)
})
