import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type KernelName, writingKernelNamed } from '../../../formats/kernels/index.js'
import { log2Floor, type NodeRange, splitRange, trailingZeros } from '../../../src/kernel/split-range.js'

function split(
  kernel: KernelName,
  pfn: number,
  pages: number,
  nodes: readonly NodeRange[] = [],
): [number, number][] {
  const blocks: [number, number][] = []
  splitRange(writingKernelNamed(kernel), nodes, 4096, { pfn, end: pfn + pages }, (at, order) =>
    blocks.push([at, order]),
  )
  return blocks
}

describe('splitting a range of pages', () => {
  it('takes the largest aligned block that fits, without a limit', () => {
    expect(split('6.18', 0x380010, 0x30)).toEqual([
      [0x380010, 4],
      [0x380020, 5],
    ])
    expect(split('7.0', 0x40000, 2 ** 18)).toEqual([[0x40000, 18]])
  })

  it('ends after order 0xffffffff where count_trailing_zeros(0) is -1, and goes by the length where it is not', () => {
    expect(split('6.16', 0, 64)).toEqual([[0, -1]])
    expect(split('7.0', 0, 64)).toEqual([[0, -1]])
    expect(split('7.2', 0, 100)).toEqual([
      [0, 6],
      [64, 5],
      [96, 2],
    ])
  })

  it('does not look at the alignment in v5, and stops at order 10 in v5-table', () => {
    expect(split('v5', 3, 16)).toEqual([[3, 4]])
    expect(split('v5-table', 2048, 2048)).toEqual([
      [2048, 10],
      [3072, 10],
    ])
  })

  it('keeps blocks inside a node from 7.1 on', () => {
    const nodes = [
      { id: 0, range: { start: 0, end: 4096 * 24 } },
      { id: 1, range: { start: 4096 * 24, end: 4096 * 64 } },
    ]
    expect(split('7.0', 16, 16, nodes)).toEqual([[16, 4]])
    expect(split('7.1', 16, 16, nodes)).toEqual([
      [16, 3],
      [24, 3],
    ])
  })

  it('covers every page once, with aligned blocks, in every release that is not v5', () => {
    const kernels = ['6.16', '6.17.9', '6.18', '6.19', '7.0', '7.1', '7.2', 'kho-v2', 'array', 'v4'] as const
    fc.assert(
      fc.property(
        fc.constantFrom(...kernels),
        fc.integer({ min: 1, max: 2 ** 39 }),
        fc.integer({ min: 1, max: 2 ** 22 }),
        (kernel, pfn, pages) => {
          let next = pfn
          for (const [at, order] of split(kernel, pfn, pages)) {
            expect(at).toBe(next)
            expect(at % 2 ** order).toBe(0)
            next += 2 ** order
          }
          expect(next).toBe(pfn + pages)
        },
      ),
    )
  })

  it('counts bits beyond the 32nd', () => {
    expect(trailingZeros(2 ** 40 * 3)).toBe(40)
    expect(trailingZeros(12)).toBe(2)
    expect(log2Floor(2 ** 40 + 1)).toBe(40)
    expect(log2Floor(1)).toBe(0)
  })
})
