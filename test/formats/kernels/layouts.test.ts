import { describe, expect, it } from 'vitest'
import {
  abiOf,
  findKernel,
  handlersOf,
  type ReadingKernel,
  rangeOfNames,
  readingOptions,
  takesCompatible,
  trackerOptions,
  writersOf,
} from '../../../formats/kernels/index.js'
import { compareVersions, versionOf } from '../../../formats/kernels/version.js'
import { geometry, type PageShift } from '../../../formats/memory/geometry.js'

describe('how a layout may have been written', () => {
  it.each([
    // The depth of trees of 16K pages was one too small up to 7.1-rc5 (d64b0372760e); with other pages it was right.
    ['kho-v4', 14, [{}]],
    ['kho-v3', 12, [{}]],
    ['kho-v3', 14, [{}, { depth: 4 }]],
    ['kho-v3', 16, [{}]],
    ['kho-v2', 14, [{ depth: 4 }]],
    ['kho-v2', 12, [{ depth: 6 }]],
    ['kho-v1-page', 16, [{ bitmapBytes: 65536 }]],
    ['kho-v1-512', 16, [{ bitmapBytes: 512 }]],
    ['sketch', 12, [{ bitmapBytes: 512, chunkHeader: 'order-first' }]],
    ['mem4', 12, [{}]],
  ] as const)('%s, pages of 2^%i bytes: %j', (abi, shift, expected) => {
    const all = readingOptions(abi, geometry(shift as PageShift))
    expect(all).toEqual(expected.map(options => ({ geometry: geometry(shift as PageShift), ...options })))
    expect(trackerOptions(abi, geometry(shift as PageShift))).toEqual(all[0])
    // What is not said is not there.
    expect(all.map(options => Object.keys(options).length)).toEqual(
      expected.map(options => 1 + Object.keys(options).length),
    )
  })

  it('is said of its writers as releases, or as the posting in words', () => {
    const said = (['kho-v4', 'kho-v3', 'kho-v1-page', 'sketch', 'kho-v2'] as const).map(name =>
      writersOf(abiOf(name)),
    )
    expect(said).toEqual([
      'since 7.2',
      '7.1',
      '6.17.9 to 7.0',
      'mail of February 2025',
      'radix series v3 to v9, development trees',
    ])
  })
})

describe('kernels', () => {
  it('take the string that they write, or any where they do not look', () => {
    const takes = (name: string, compatible: string) =>
      takesCompatible(findKernel(name) as ReadingKernel, compatible)
    expect([takes('7.2', 'kho-v4'), takes('7.2', 'kho-v3'), takes('v5', 'kho-v9')]).toEqual([
      true,
      false,
      true,
    ])
  })

  it('have the handler of memfds of their version', () => {
    expect(['7.3.4', '6.19', '6.16'].map(name => handlersOf(findKernel(name)!))).toEqual([
      ['memfd-v2'],
      ['memfd-v1'],
      [],
    ])
  })

  it('of names are a range', () => {
    expect(rangeOfNames(['7.1', '7.2'])).toEqual({ kernels: ['7.1', '7.2'], text: '7.1 to 7.2' })
    expect(rangeOfNames(['6.16', '7.0', 'v5']).text).toBe('6.16, 7.0, v5')
  })
})

describe('versions', () => {
  it('are read at the front of a release only', () => {
    expect(versionOf('v7.4.0-rc1+')).toEqual({
      major: 7,
      minor: 4,
      patch: 0,
      candidate: true,
      text: '7.4.0-rc1',
    })
    expect(versionOf('7.2-vendor.1')).toEqual({ major: 7, minor: 2, patch: 0, candidate: false, text: '7.2' })
    expect(['linux-7.2', 'x7.2', '7', ''].map(versionOf)).toEqual([null, null, null, null])
  })

  it('are ordered by number, a candidate before its release', () => {
    const inOrder = ['6.17', '6.17.9', '7.0-rc1', '7.0', '7.1.12', '7.2', '7.10']
    const order = inOrder.map(text => versionOf(text)!)
    for (const [n, a] of order.entries())
      for (const [m, b] of order.entries()) expect(Math.sign(compareVersions(a, b))).toBe(Math.sign(n - m))
  })
})
