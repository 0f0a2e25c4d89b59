import { describe, expect, it } from 'vitest'
import {
  findKernel,
  inRange,
  KERNELS,
  kernelsWith,
  releases,
  releasesWith,
  since,
} from '../../../formats/kernels/index.js'

describe('ranges of kernels', () => {
  it.each([
    [since('6.19'), 'since 6.19'],
    [releases('7.1', '7.2'), '7.1 to 7.2'],
    [releases('7.1'), '7.1'],
    [releases('6.16', '6.17'), '6.16 to 6.17.8'],
    [releases('6.16', '6.17.9'), '6.16 to 6.17'],
    [releases('6.17'), '6.17 to 6.17.8'],
    [releases('6.17.9'), '6.17 from 6.17.9'],
    [releases('7.2', '7.3'), '7.2 to 7.3.3'],
    [releases('7.2', '7.3.4'), '7.2 to 7.3'],
    [kernelsWith(({ layout }) => layout.bitmap === 512), '6.16 to 6.17.8, sketch, v5'],
    [releasesWith(({ layout }) => layout.tracker === 'chunk-list'), '6.16 to 7.0'],
    [releasesWith(({ layout }) => layout.tracker === 'radix-tree'), 'since 7.1'],
    [releasesWith(({ users }) => users.memfd === 1), '6.19 to 7.0'],
    [kernelsWith(() => false), 'none'],
  ])('%# is said as %s', (range, text) => {
    expect(range.text).toBe(text)
  })

  it('hold the kernels that they speak of, as those were asked for', () => {
    const range = releases('6.19', '7.1')
    const inside = KERNELS.filter(kernel => inRange(range, kernel)).map(({ name }) => name)
    expect(inside).toEqual(['6.19', '7.0', '7.1'])
    expect(inRange(range, findKernel('7.0.11')!)).toBe(true)
    expect(inRange(range, findKernel('7.2.13')!)).toBe(false)
    expect(inRange(since('7.1'), findKernel('9.9')!)).toBe(true)
  })
})
