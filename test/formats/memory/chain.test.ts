import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ChainFault, followChain } from '../../../formats/memory/chain.js'
import type { PhysicalMemory } from '../../../formats/memory/physical-memory.js'

/** Links at given addresses, each of which leads to the next one given for it. */
function memoryOf(next: ReadonlyMap<number, bigint>): PhysicalMemory {
  return {
    ranges: [],
    inputSize: 0,
    blocks: () => [],
    read(address) {
      const target = next.get(address)
      if (target === undefined) return { ok: false, reason: 'excluded', address }
      const bytes = new Uint8Array(16)
      new DataView(bytes.buffer).setBigUint64(8, target, true)
      return { ok: true, bytes, offset: null }
    },
  }
}

const SHAPE = { size: 16, alignment: 16, nextAt: 8 }

function follow(first: number, next: Record<number, bigint>, most?: number, refuse?: number) {
  const seen: number[] = []
  const faults: ChainFault[] = []
  const map = new Map(Object.entries(next).map(([at, to]) => [Number(at), to]))
  const whole = followChain(
    memoryOf(map),
    first,
    { ...SHAPE, ...(most === undefined ? {} : { most }) },
    {
      fault: fault => faults.push(fault),
      admit: address => address !== refuse,
      link: ({ address, index }) => {
        expect(index).toBe(seen.length)
        seen.push(address)
        return undefined
      },
    },
  )
  return { whole, seen, faults }
}

describe('followChain', () => {
  it('ends at 0', () => {
    expect(follow(0x10, { 16: 0x40n, 64: 0x20n, 32: 0n })).toEqual({
      whole: true,
      seen: [0x10, 0x40, 0x20],
      faults: [],
    })
    expect(follow(0, {})).toEqual({ whole: true, seen: [], faults: [] })
  })

  it.each<[string, number, Record<number, bigint>, number | undefined, ChainFault]>([
    [
      'no-address',
      16,
      { 16: 2n ** 64n - 1n },
      undefined,
      { kind: 'no-address', address: 2 ** 64, raw: 2n ** 64n - 1n, from: 16, reason: undefined },
    ],
    [
      'no-address',
      2 ** 52,
      {},
      undefined,
      { kind: 'no-address', address: 2 ** 52, raw: 2n ** 52n, from: null, reason: undefined },
    ],
    [
      'unaligned',
      16,
      { 16: 0x28n },
      undefined,
      { kind: 'unaligned', address: 0x28, raw: 0x28n, from: 16, reason: undefined },
    ],
    [
      'cycle',
      16,
      { 16: 0x20n, 32: 0x10n },
      undefined,
      { kind: 'cycle', address: 16, raw: 16n, from: 32, reason: undefined },
    ],
    [
      'limit',
      16,
      { 16: 0x20n, 32: 0x30n },
      2,
      { kind: 'limit', address: 48, raw: 48n, from: 32, reason: undefined },
    ],
    [
      'absent',
      16,
      { 16: 0x20n },
      undefined,
      { kind: 'absent', address: 32, raw: 32n, from: 16, reason: 'excluded' },
    ],
  ])('tells of %s, where and from where', (_, first, next, most, fault) => {
    const { whole, faults } = follow(first, next, most)
    expect({ whole, faults }).toEqual({ whole: false, faults: [fault] })
  })

  it('takes as many links as are allowed', () => {
    expect(follow(16, { 16: 0x20n, 32: 0n }, 2)).toEqual({ whole: true, seen: [16, 32], faults: [] })
  })

  it('reads no link that is refused, without a word of its own', () => {
    expect(follow(16, { 16: 0x20n, 32: 0n }, undefined, 32)).toEqual({ whole: false, seen: [16], faults: [] })
  })

  it('ends where it is told to, and needs nobody to admit links', () => {
    const next = new Map([
      [16, 32n],
      [32, 0n],
    ])
    const walk = (link: () => unknown) =>
      followChain(memoryOf(next), 16, SHAPE, { fault: () => expect.unreachable(), link })
    expect([walk(() => false), walk(() => undefined)]).toEqual([false, true])
  })

  it('visits no link twice, whatever leads where, and is done', () => {
    const link = fc.nat(12).map(n => n * 16)
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.nat(12).map(n => String(n * 16)),
          link.map(BigInt),
        ),
        link,
        (next, first) => {
          const { seen, whole, faults } = follow(first, next)
          expect(new Set(seen).size).toBe(seen.length)
          expect(faults.length).toBe(whole ? 0 : 1)
        },
      ),
    )
  })
})
