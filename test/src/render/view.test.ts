import { describe, expect, it } from 'vitest'
import { jsonLine } from '../../../src/render/json.js'
import * as v from '../../../src/render/view.js'
import { viewJson } from '../../../src/render/view-json.js'
import { findView } from '../../../src/render/view-path.js'
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

function tree(view: v.View, limit = 8): string {
  let text = ''
  writeTree(
    chunk => {
      text += chunk
    },
    'top',
    view,
    { palette, limit },
  )
  return text
}

const region = (name: string, start: number) => v.record({ name: v.name(name), start: v.address(start) })
const regions = (...names: string[]) =>
  v.list(
    names,
    (name, i) => region(name, i * 4096),
    name => name,
  )

describe('JSON of a view', () => {
  it('has types that depend on the kind only', () => {
    const present = v.record({
      a: v.address(16),
      o: v.opaque(2n ** 64n - 1n),
      t: v.token(2n ** 64n - 1n),
      c: v.count(3),
      s: v.size(4096),
      n: v.name('\u00ff\u001b'),
      x: v.text('ok'),
      f: v.flag(true),
      b: v.bytes(Uint8Array.of(0, 255)),
      l: v.list([1, 2], item => v.count(item)),
    })
    expect(jsonLine(viewJson(present))).toBe(
      '{"a":"0x10","o":"0xffffffffffffffff","t":"18446744073709551615","c":3,"s":4096,"n":"ÿ\\u001b","x":"ok","f":true,"b":"00ff","l":[1,2]}',
    )
    const absent = v.record({
      a: v.address(null),
      o: v.opaque(null),
      t: v.token(null),
      c: v.count64(2n ** 53n),
    })
    expect(jsonLine(viewJson(absent))).toBe('{"a":null,"o":null,"t":null,"c":null}')
  })

  it('makes a lazy list only when it is written', () => {
    let made = 0
    const list = v.lazyList(() => {
      made++
      return v.list([1], item => v.count(item))
    })
    const json = viewJson(v.record({ list }))
    expect(made).toBe(0)
    expect(jsonLine(json)).toBe('{"list":[1]}')
    expect(made).toBe(1)
  })
})

describe('paths into a view', () => {
  const blob = v.record(
    {
      name: v.name('memblock'),
      size: v.size(302),
      value: v.record({ regions: regions('a', 'size', 'x', 'x', '') }, ['regions']),
    },
    ['value'],
  )

  function at(...segments: (string | number)[]): unknown {
    const found = findView(blob, segments)
    return found.ok ? JSON.parse(jsonLine(viewJson(found.view))) : found.known
  }

  it('leave out what is plain, and mean the element before the field', () => {
    expect(at('a')).toEqual({ name: 'a', start: '0x0' })
    expect(at('size')).toEqual({ name: 'size', start: '0x1000' })
    expect(at('name')).toBe('memblock')
    expect(at('value', 'regions', 'a', 'start')).toBe('0x0')
  })

  it('name colliding and empty keys by number only', () => {
    expect(at('value', 'regions', 3)).toEqual({ name: 'x', start: '0x3000' })
    expect(at('value', 'regions', 'x')).toEqual(['a', 'size', '#2', '#3', '#4'])
    expect(at('value', 'regions', 5)).toEqual(['a', 'size', '#2', '#3', '#4'])
  })
})

describe('text of a view', () => {
  it('is a tree that does not say the key twice', () => {
    const view = v.record({
      size: v.size(2048),
      regions: regions('a', 'b'),
      none: v.list([], () => v.nothing),
    })
    expect(tree(view)).toBe(
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
    const text = tree(
      v.list(
        ['\u001b[2J\n'],
        name => v.record({ name: v.name(name) }),
        name => name,
      ),
    )
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
