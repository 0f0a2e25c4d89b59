import { describe, expect, it } from 'vitest'
import { buildFdt, readFdt } from '../../../formats/fdt/index.js'
import {
  type AbiName,
  abiOf,
  encoderOf,
  locateTracker,
  trackerOptions,
} from '../../../formats/kernels/index.js'
import { geometry, type PageShift } from '../../../formats/memory/geometry.js'
import { createMemoryBuilder } from '../../../formats/memory/memory-builder.js'
import { addBlock, createPageSet } from '../../../formats/pages/page-set.js'
import { trackerOf } from '../../../formats/trackers/index.js'
import type { KhoState } from '../../../src/image/state.js'
import { nodeCoverage } from '../../../src/model/node-coverage.js'
import { nodePieces, traceBlock } from '../../../src/owners/tracker-trace.js'

/** As much of a state as a tracker needs, from a set that an encoder wrote. */
function stateOf(
  abi: AbiName,
  pageShift: PageShift,
  blocks: readonly (readonly [number, number])[],
): KhoState {
  const geo = geometry(pageShift)
  const pages = createPageSet(pageShift)
  for (const [address, order] of blocks) addBlock(pages, address, order)
  const builder = createMemoryBuilder({ geometry: geo, ram: [{ start: 0, end: 2 ** 30 }], seed: 3 })
  const options = trackerOptions(abi, geo)
  const encoder = encoderOf(abi)
  const writer = encoder.createWriter(builder, options)
  writer.preserveAll(pages)
  const { properties, children } = encoder.attach(writer.finish())
  const fdt = readFdt(
    buildFdt({ properties: [{ name: 'compatible', value: 'kho' }, ...properties], children }),
  ).tree!
  const format = abiOf(abi).tracker
  const tracker = trackerOf(format)
  const root = locateTracker(abi, fdt.root)!
  const memory = builder.memory()
  const decode = tracker.decode(memory, root, options)
  const address = root.addresses.find(value => value !== 0) ?? null
  const state = {
    image: { memory },
    geometry: geo,
    abi,
    fdt,
    tracker: {
      format,
      state: 'live',
      reason: null,
      root: address,
      decode,
      reading: { memory, root, options, decode },
    },
  }
  return state as unknown as KhoState
}

const G = 2 ** 30
const BLOCKS = (page: number): [number, number][] => [
  [page, 0],
  [page * 2 ** 15 * 3, 0],
  [G + page * 8, 1],
  [G + page * 2 ** 13, 4],
  [40 * G, 9],
  [700 * G + page * 5, 0],
]

/** Steps to a bit: levels of trees; element and bitmap of an array; of lists all chunks up to the bitmap, so at least two. */
const ABIS: [abi: AbiName, shift: PageShift, steps: number][] = [
  ['kho-v4', 12, 6],
  ['kho-v4', 14, 5],
  ['kho-v4', 16, 4],
  ['kho-v2', 14, 4],
  ['kho-v1-page', 12, 2],
  ['kho-v1-page', 16, 2],
  ['kho-v1-512', 12, 2],
  ['v5', 12, 2],
  ['v5-table', 12, 4],
  ['array', 12, 2],
]

describe('the way from a tracker’s root to a bit', () => {
  it.each(ABIS)('%s with 2^%s bytes a page', (abi, shift, count) => {
    const blocks = BLOCKS(2 ** shift)
    const state = stateOf(abi, shift, blocks)
    for (const [address, order] of blocks) {
      const steps = traceBlock(state, address, order)
      const where = `${address.toString(16)} ${order}`
      if (state.tracker.format !== 'chunk-list') expect(steps.length, where).toBe(count)
      else expect(steps.length, where).toBeGreaterThanOrEqual(count)
      // The bitmap's own meaning leads back to the block.
      const { node, bit } = steps.at(-1)!
      const found = state.tracker.decode.nodes.find(({ address: at }) =>
        node.endsWith(`/0x${at.toString(16)}`),
      )!
      const [meaning] = nodePieces(state, found)
      if (meaning?.kind !== 'bits') throw new Error('no bits')
      expect(meaning.order).toBe(order)
      expect((meaning.first! + bit!) * 2 ** (shift + order)).toBe(address)
      const coverage = nodeCoverage(state, found)!
      expect(coverage).toMatchObject({ order, unit: 'blocks', of: found.size * 8 })
      expect(coverage.range!.start).toBeLessThanOrEqual(address)
      expect(coverage.range!.end).toBeGreaterThan(address)
    }
    expect(traceBlock(state, 5 * 2 ** shift, 0)).toEqual([])
    expect(traceBlock(state, 2 ** shift * 16, 3)).toEqual([])
  })

  it('mem4: the entry of a mem property', () => {
    const state = stateOf('mem4', 12, [
      [0x10000, 0],
      [0x50000, 0],
    ])
    const [first, ...more] = traceBlock(state, 0x50000, 0)
    expect(more).toEqual([])
    expect(first).toMatchObject({ node: expect.stringMatching(/^fdt\/.*mem$/), slot: 1, bit: null })
    expect(traceBlock(state, 0x60000, 0)).toEqual([])
  })
})
