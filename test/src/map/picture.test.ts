import { describe, expect, it } from 'vitest'
import { layerBuilder } from '../../../src/map/layer.js'
import type { MapOwner, MemoryMap } from '../../../src/map/memory-map.js'
import { type Picture, pictureOf } from '../../../src/map/picture.js'

const owner = (path: string, kind: MapOwner['kind'], bytes: number): MapOwner => ({ path, kind, bytes })

function mapOf(pieces: readonly (readonly [number, number, number])[], owners: MapOwner[]): MemoryMap {
  const preserved = layerBuilder()
  const unpreserved = layerBuilder()
  const orders = layerBuilder()
  for (const [start, end, value] of pieces) {
    const kept = owners[value]!.kind !== 'tracker' && owners[value]!.kind !== 'scratch'
    const layer = kept ? preserved : unpreserved
    layer.add(start, end, value)
    if (kept) orders.add(start, end, value)
  }
  return {
    pageSize: 4096,
    ram: [{ start: 0, end: 0x40000 }],
    extent: { start: 0, end: 0x50000 },
    owners,
    preserved: preserved.build(),
    unpreserved: unpreserved.build(),
    orders: orders.build(),
  }
}

const OWNERS = [
  owner('memblock/a', 'data', 0x2000),
  owner('luo/sessions/s/files/1', 'data', 0x8000),
  owner('', 'orphan', 0x1000),
  owner('tracker', 'tracker', 0x1000),
]
const MAP = mapOf(
  [
    [0x0, 0x2000, 0],
    [0x4000, 0xc000, 1],
    [0x10000, 0x11000, 2],
    [0x20000, 0x21000, 3],
  ],
  OWNERS,
)
const DEFAULTS = { by: 'owner', second: null, range: null, columns: 16, rows: 24 } as const

function lines(picture: Picture): string[] {
  const text = [...picture.cells()].map(({ letter }) => letter).join('')
  return Array.from({ length: picture.rows }, (_, row) => text.slice(row * 16, (row + 1) * 16))
}

describe('pictureOf', () => {
  it('marks RAM that early boot may overwrite, where nothing of the hand-over shows', () => {
    const opened = { kernel: '7.3', ranges: [{ start: 0x18000, end: 0x30000 }] }
    const picture = pictureOf(MAP, { ...DEFAULTS, opened })
    expect(lines(picture).slice(1, 3)).toEqual(['!.......::::::::', '#:::::::::::::::'])
    expect(picture.legend.at(-1)).toEqual({
      letter: ':',
      name: 'early boot of 7.3 may overwrite it',
      kind: 'opened',
      bytes: 0x18000,
    })
    const change = pictureOf(MAP, { ...DEFAULTS, by: 'change', second: MAP, opened })
    expect(lines(change).join('')).not.toContain(':')
  })

  it('gives the largest owner the first letter, and shows RAM and what is none', () => {
    const picture = pictureOf(MAP, DEFAULTS)
    expect(picture.cellBytes).toBe(4096)
    expect(lines(picture)).toEqual([
      'bb..aaaaaaaa....',
      '!...............',
      '#...............',
      '................',
      '                ',
    ])
    expect(picture.legend.map(({ letter, name }) => [letter, name])).toEqual([
      ['a', 'luo/sessions/s/files/1'],
      ['b', 'memblock/a'],
      ['!', 'claimed by nobody'],
      ['#', 'tracker, not preserved'],
    ])
  })

  it('makes cells larger until the rows suffice', () => {
    const picture = pictureOf(MAP, { ...DEFAULTS, rows: 2 })
    expect(picture.cellBytes).toBe(0x4000)
    expect(lines(picture)).toEqual(['baa.!...#.......', '                '.slice(0, 16)])
  })

  it('begins at a whole row before the range asked for', () => {
    const picture = pictureOf(MAP, { ...DEFAULTS, range: { start: 0x12000, end: 0x21000 } })
    expect(picture.range).toEqual({ start: 0x10000, end: 0x30000 })
  })

  it('shows orders', () => {
    const picture = pictureOf(MAP, { ...DEFAULTS, by: 'order' })
    expect(lines(picture)[0]).toBe('00..11111111....')
    expect(picture.legend[0]).toEqual({ letter: '0', name: 'order 0', kind: 'order', bytes: 0x2000 })
  })

  it('shows what became of memory', () => {
    const later = mapOf(
      [
        [0x0, 0x1000, 1],
        [0x4000, 0xc000, 1],
        [0xe000, 0xf000, 0],
      ],
      OWNERS,
    )
    const picture = pictureOf(MAP, { ...DEFAULTS, by: 'change', second: later })
    expect(lines(picture).slice(0, 2)).toEqual(['~-..========..+.', '-...............'])
    expect(picture.legend.map(({ name, bytes }) => [name, bytes])).toEqual([
      ['same', 0x8000],
      ['removed', 0x2000],
      ['added', 0x1000],
      ['other owner', 0x1000],
    ])
  })
})
