import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { totals } from '../../../formats/pages/page-set.js'
import { loadState } from '../../../src/image/load-state.js'
import { cellsOf, coverageOf, NOTHING } from '../../../src/map/cells.js'
import { firstPieceAfter, type Layer, layerBuilder } from '../../../src/map/layer.js'
import { diffMaps, MAP_CHANGES } from '../../../src/map/map-diff.js'
import { type MemoryMap, memoryMap } from '../../../src/map/memory-map.js'
import { openImage } from '../../../src/node/open.js'

type Piece = readonly [number, number, number]

function layerOf(pieces: readonly Piece[]): Layer {
  const layer = layerBuilder()
  for (const [start, end, value] of pieces) layer.add(start, end, value)
  return layer.build()
}

function piecesOf({ count, starts, ends, values }: Layer): Piece[] {
  return Array.from({ length: count }, (_, n) => [starts[n]!, ends[n]!, values[n]!])
}

/** Layers over a few hundred bytes. */
const anyLayer = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 1, max: 9 }), fc.nat(2)), {
    maxLength: 30,
  })
  .map(steps => {
    let at = 0
    return layerOf(
      steps.map(([gap, size, value]) => {
        const start = at + gap
        at = start + size
        return [start, at, value] as const
      }),
    )
  })

/** The value at each byte. */
function painted(layer: Layer, length: number): number[] {
  const bytes: number[] = new Array(length).fill(NOTHING)
  for (const [start, end, value] of piecesOf(layer)) bytes.fill(value, start, end)
  return bytes
}

describe('layers', () => {
  it('join what touches and is the same', () => {
    expect(
      piecesOf(
        layerOf([
          [0, 4, 1],
          [4, 8, 1],
          [8, 9, 2],
          [9, 9, 3],
          [12, 13, 2],
        ]),
      ),
    ).toEqual([
      [0, 8, 1],
      [8, 9, 2],
      [12, 13, 2],
    ])
  })

  it('find the first piece behind an address', () => {
    const layer = layerOf([
      [10, 20, 0],
      [30, 40, 0],
    ])
    expect([0, 19, 20, 39, 40].map(at => firstPieceAfter(layer, at))).toEqual([0, 0, 1, 1, 2])
  })
})

describe('cellsOf', () => {
  it('counts what a count byte by byte counts', () => {
    fc.assert(
      fc.property(
        anyLayer,
        fc.nat(50),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 12 }),
        (layer, start, count, size) => {
          const cells = cellsOf(layer, { start, end: start + count * size }, count)
          const bytes = painted(layer, 700)
          for (let cell = 0; cell < count; cell++) {
            const inside = bytes
              .slice(start + cell * size, start + (cell + 1) * size)
              .filter(b => b !== NOTHING)
            expect(cells.bytes[cell]).toBe(inside.length)
            if (inside.length === 0) expect(cells.values[cell]).toBe(NOTHING)
            else {
              const most = (value: number) => inside.filter(b => b === value).length
              expect(most(cells.values[cell]!)).toBe(Math.max(...inside.map(most)))
            }
          }
        },
      ),
    )
  })

  it('covers ranges', () => {
    expect([...coverageOf([{ start: 5, end: 15 }], { start: 0, end: 30 }, 3)]).toEqual([5, 5, 0])
  })
})

describe('diffMaps', () => {
  const owners = ['x', 'y', 'z'].map(path => ({ path, kind: 'data' as const, bytes: 0 }))
  const mapOf = (preserved: Layer, names = owners): MemoryMap => ({
    pageSize: 1,
    ram: [],
    extent: { start: 0, end: 0 },
    owners: names,
    preserved,
    unpreserved: layerOf([]),
    orders: layerOf([]),
  })

  it('says of each byte what became of it', () => {
    fc.assert(
      fc.property(anyLayer, anyLayer, (a, b) => {
        const change = painted(diffMaps(mapOf(a), mapOf(b, [...owners].reverse())), 700)
        const before = painted(a, 700)
        const after = painted(b, 700)
        for (let at = 0; at < 700; at++) {
          const [x, y] = [before[at]!, after[at]!]
          const both = x !== NOTHING && y !== NOTHING
          const word = both ? (x === 2 - y ? 'same' : 'other owner') : x !== NOTHING ? 'removed' : 'added'
          expect(change[at]).toBe(x === NOTHING && y === NOTHING ? NOTHING : MAP_CHANGES.indexOf(word))
        }
      }),
    )
  })
})

describe('memoryMap', () => {
  it('shows all that is preserved, once, and by whom', async () => {
    const image = await openImage('fixtures/linux-7.2.basic-1g.s2-early.elf')
    const state = loadState(image)
    const map = memoryMap(state)
    const sum = (layer: Layer) => piecesOf(layer).reduce((bytes, [start, end]) => bytes + end - start, 0)
    const { bytes } = totals(state.tracker.decode.pages)
    expect(sum(map.preserved)).toBe(bytes)
    expect(sum(map.orders)).toBe(bytes)
    const owned = map.owners.filter(
      ({ kind }) => kind !== 'tracker' && kind !== 'scratch' && kind !== 'handoff',
    )
    expect(owned.reduce((total, owner) => total + owner.bytes, 0)).toBe(bytes)
    expect(map.owners.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        'luo/sessions/vm-a/files/1',
        'memblock/khotrace',
        'kho_test',
        'tracker',
        'scratch/#0',
      ]),
    )
    expect(map.extent.end).toBeGreaterThan(map.preserved.ends.at(-1)! - 1)
    image.close()
  })
})
