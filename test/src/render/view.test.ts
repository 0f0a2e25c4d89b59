import { describe, expect, it } from 'vitest'
import type { KhoState } from '../../../src/image/state.js'
import { elementsOf } from '../../../src/model/elements.js'
import * as k from '../../../src/model/kind.js'
import { nodeOf, type View } from '../../../src/model/node.js'
import { jsonLine } from '../../../src/render/json.js'
import { createTold, TOLD_BEFORE } from '../../../src/render/told.js'
import { hexDigits, viewJson } from '../../../src/render/view-json.js'
import { nameText, type Palette, unitText, writeTree } from '../../../src/render/view-text.js'

const plain = (text: string) => text
const palette: Palette = {
  label: plain,
  strong: plain,
  faint: plain,
  good: plain,
  warning: plain,
  bad: plain,
}
/** What is shown here comes from no image. */
const state = {} as KhoState

function tree(view: View, limit = 8): string {
  let text = ''
  writeTree(
    chunk => {
      text += chunk
    },
    'top',
    state,
    view,
    { palette, limit, told: createTold() },
  )
  return text
}

const thing = (kind: k.Kind<unknown>, self: unknown = null): View => ({ form: 'one', thing: { kind, self } })
const json = (view: View) => jsonLine(viewJson(state, view))

interface Region {
  name: string
  start: number
}
const REGION = k.defineKind<Region>({
  what: 'region',
  fields: { name: k.name(region => region.name), start: k.address(region => region.start) },
})
const named = (names: readonly string[]): Region[] => names.map((name, i) => ({ name, start: i * 4096 }))
const LIST = k.list<readonly string[], Region>('list of regions', REGION, named, {
  key: region => region.name,
})
const regions = (...names: string[]): View => ({
  form: 'many',
  many: LIST,
  owner: names,
  elements: LIST.get(names, state),
})

describe('JSON of a part', () => {
  it('has types that depend on the kind only', () => {
    const present = k.defineKind<null>({
      what: 'sample',
      fields: {
        a: k.address(() => 16),
        o: k.opaque(() => 2n ** 64n - 1n),
        t: k.token(() => 2n ** 64n - 1n),
        c: k.count(() => 3),
        s: k.size(() => 4096),
        n: k.name(() => '\u00ff\u001b'),
        x: k.text(() => 'ok'),
        f: k.flag(() => true),
        b: k.bytes(() => Uint8Array.of(0, 255)),
        l: k.list(
          'list of numbers',
          k.count<number>(item => item),
          () => [1, 2],
        ),
      },
    })
    expect(json(thing(present))).toBe(
      '{"a":"0x10","o":"0xffffffffffffffff","t":"18446744073709551615","c":3,"s":4096,"n":"ÿ\\u001b","x":"ok","f":true,"b":"00ff","l":[1,2]}',
    )
    const absent = k.defineKind<null>({
      what: 'sample',
      fields: {
        a: k.address(() => null),
        o: k.opaque(() => null),
        t: k.token(() => null),
        c: k.count(() => k.small(2n ** 53n)),
      },
    })
    expect(json(thing(absent))).toBe('{"a":null,"o":null,"t":null,"c":null}')
  })

  it('makes the elements of a list only when they are written', () => {
    let made = 0
    const item = () => ++made
    const lazy = k.defineKind<null>({
      what: 'sample',
      fields: {
        list: k.list(
          'list',
          k.count<number>(value => value),
          () => ({ length: 2, item }),
        ),
      },
    })
    const value = viewJson(state, thing(lazy))
    expect(made).toBe(0)
    expect(jsonLine(value)).toBe('{"list":[1,2]}')
  })

  it('says null and why of what is not known, and why a list is not whole', () => {
    const gone = k.defineKind<null>({
      what: 'sample',
      fields: {
        count: k.count(() => k.notKnown('gone')),
        list: k.list('list', REGION, () => k.notKnown('gone, too')),
        part: k.list(
          'list',
          k.count<number>(value => value),
          () => elementsOf([1], undefined, 'cut'),
        ),
        thing: k.one(REGION, () => k.notKnown('away')),
        nothing: k.one(REGION, () => null),
      },
    })
    expect(json(thing(gone))).toBe(
      '{"count":null,"list":null,"part":[1],"thing":null,"nothing":null,"notKnown":{"count":"gone","list":"gone, too","part":"cut","thing":"away"}}',
    )
    expect(tree(thing(gone))).toBe(
      'top  count not known (gone), list not known (gone, too), thing not known (away), nothing -\n  part (1) and more (cut)\n    #0  1\n',
    )
  })
})

describe('paths into a thing', () => {
  const value = k.defineKind<readonly string[]>({
    what: 'value',
    fields: {
      regions: k.list('list of regions', REGION, named, { key: region => region.name, through: 'all' }),
    },
  })
  const blob = k.defineKind<readonly string[]>({
    what: 'blob',
    fields: {
      name: k.name(() => 'memblock'),
      size: k.size(() => 302),
      value: k.one(value, self => self, { through: 'all' }),
    },
  })
  const root = nodeOf(state, 'top', { kind: blob, self: ['a', 'size', 'x', 'x', ''] })

  function at(...segments: (string | number)[]): unknown {
    let node = root
    for (const segment of segments) {
      const next = node.step(segment)
      if (next === null) return node.names()
      node = next
    }
    return JSON.parse(json(node.view))
  }

  it('leave out what is plain, and mean the element before the field', () => {
    expect(at('a')).toEqual({ name: 'a', start: '0x0' })
    expect(at('size')).toEqual({ name: 'size', start: '0x1000' })
    expect(at('name')).toBe('memblock')
    expect(at('value', 'regions', 'a', 'start')).toBe('0x0')
  })

  it('are the same whatever way was taken', () => {
    expect(root.step('value')!.step('regions')!.step(0)!.path).toBe('top/a')
    expect(root.step('value')!.step('regions')!.path).toBe('top/regions')
  })

  it('name colliding and empty keys by number only', () => {
    expect(at('value', 'regions', 3)).toEqual({ name: 'x', start: '0x3000' })
    expect(at('value', 'regions', 'x')).toEqual(['a', 'size', '#2', '#3', '#4'])
    expect(at('value', 'regions', 5)).toEqual(['a', 'size', '#2', '#3', '#4'])
  })
})

describe('text of a part', () => {
  it('is a tree that does not say the key twice', () => {
    const kind = k.defineKind<readonly string[]>({
      what: 'sample',
      fields: {
        size: k.size(() => 2048),
        regions: k.list('list of regions', REGION, named, { key: region => region.name }),
        none: k.list('list', REGION, () => []),
      },
    })
    expect(tree(thing(kind, ['a', 'b']))).toBe(
      'top  size 2048 (2 KiB), none none\n  regions (2)\n    a  start 0x0\n    b  start 0x1000\n',
    )
  })

  it('is bounded, and says so', () => {
    expect(tree(regions('a', 'b', 'c', 'd'), 2)).toBe(
      'top (4)\n  a  start 0x0\n  b  start 0x1000\n  … 2 more (--all shows them)\n',
    )
    expect(tree(regions('a', 'b', 'c'), 2)).toContain('  c  start 0x2000\n')
  })

  it('lets no name out of its line', () => {
    const kind = k.defineKind<string>({ what: 'sample', fields: { name: k.name(self => self) } })
    const many = k.list<null, string>('list', kind, () => ['\u001b[2J\n'], { key: self => self })
    const text = tree({ form: 'many', many, owner: null, elements: many.get(null, state) })
    expect(text).toBe('top (1)\n  %1B[2J%0A  name "\\x1b[2J\\n"\n')
  })

  it('takes bytes for UTF-8 only where they are', () => {
    expect(nameText('\u00c3\u00a4"\\')).toBe('ä\\"\\\\')
    expect(nameText('\u00ff\u00c3\u00a4')).toBe('\\xff\\xc3\\xa4')
    expect(nameText('\u00e2\u0080\u00ae')).toBe('\\u202e')
  })

  it('gives sizes a unit', () => {
    expect([0, 1023, 1536, 2 ** 21, 2 ** 50, 2 ** 53].map(unitText)).toEqual([
      '0 bytes',
      '1023 bytes',
      '1.5 KiB',
      '2 MiB',
      '1 PiB',
      '8 PiB',
    ])
  })
})

describe('a thing that several paths lead to', () => {
  const MANY = 2 ** 15
  const shared = { name: 'shared' }
  const HELD = k.defineKind<{ name: string }>({
    what: 'held',
    fields: {
      pages: k.list(
        'list of pages',
        k.count(page => page as number),
        () => Array(MANY).fill(7),
      ),
    },
  })
  const FILE = k.defineKind<{ token: number }>({
    what: 'file',
    fields: { token: k.count(({ token }) => token), held: k.one(HELD, () => shared) },
  })
  const FILES = k.defineKind<null>({
    what: 'files',
    fields: { files: k.list('list of files', FILE, () => [1, 2, 3, 4].map(token => ({ token }))) },
  })

  it('has its lists written again as long as they are not many, and then a reason', () => {
    const { files } = JSON.parse(json(thing(FILES))) as {
      files: { held: { pages: number[] | null; notKnown?: { pages: string } } }[]
    }
    expect(files.map(({ held }) => held.pages?.length ?? null)).toEqual([MANY, MANY, MANY, null])
    expect(files.map(({ held }) => held.notKnown?.pages)).toEqual([
      undefined,
      undefined,
      undefined,
      TOLD_BEFORE,
    ])
  })

  it('has the same in text, where a few elements of each list are no reason', () => {
    const told = `pages not known (${TOLD_BEFORE})`
    expect(tree(thing(FILES), Number.POSITIVE_INFINITY).split(told)).toHaveLength(2)
    expect(tree(thing(FILES))).not.toContain(told)
  })
})

describe('hexDigits', () => {
  it('are those of the bytes, of few and of many', () => {
    const bytes = Uint8Array.from({ length: 20_000 }, (_, n) => (n * 7) ^ (n >> 8))
    for (const [at, length] of [
      [0, 0],
      [3, 5],
      [0, 4096],
      [1, 4097],
      [17, 19_983],
    ] as const) {
      expect(hexDigits(bytes, at, length)).toBe(Buffer.from(bytes.subarray(at, at + length)).toString('hex'))
    }
    expect(hexDigits(bytes)).toHaveLength(40_000)
  })
})
