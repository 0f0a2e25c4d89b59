import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  compareOnce,
  countBits,
  fillBits,
  isEmpty,
  nextClear,
  nextSet,
  nextUsed,
  nextUsedSlot,
  sameWords,
  upTo,
  without,
  wordsOf,
} from '../../../formats/pages/words.js'

const word = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  fc.constant(0xffffffff),
  fc.integer({ min: 0, max: 0xffffffff }),
)
const words = fc.array(word, { maxLength: 40, size: 'max' }).map(list => Uint32Array.from(list))

/** The bits, one by one. */
function bitsOf(list: Uint32Array): number[] {
  const bits: number[] = []
  for (let bit = 0; bit < list.length * 32; bit++) if ((list[bit >>> 5]! >>> (bit & 31)) & 1) bits.push(bit)
  return bits
}

describe('words of a bitmap', () => {
  it('are counted, compared and walked as their bits are', () => {
    fc.assert(
      fc.property(words, words, fc.nat(1300), (a, b, from) => {
        const bits = bitsOf(a)
        const start = from % (a.length * 32 + 1)
        expect(countBits(a)).toBe(bits.length)
        expect(isEmpty(a)).toBe(bits.length === 0)
        expect(nextSet(a, start)).toBe(bits.find(bit => bit >= start) ?? a.length * 32)
        const other = b.length < a.length ? a.slice() : b.slice(0, a.length)
        expect(sameWords(a, other)).toBe(a.join() === other.join())
      }),
    )
  })

  it('are counted where most are in use, and taken from each other, as their bits are', () => {
    const used = fc.integer({ min: 1, max: 0xffffffff })
    const dense = fc.array(fc.oneof({ weight: 20, arbitrary: used }, word), {
      minLength: 1,
      maxLength: 80,
      size: 'max',
    })
    fc.assert(
      fc.property(dense, words, (list, b) => {
        const a = Uint32Array.from(list)
        const other = new Uint32Array(a.length)
        other.set(b.subarray(0, a.length))
        const bits = bitsOf(a)
        expect(countBits(a)).toBe(bits.length)
        const taken = new Set(bitsOf(other))
        const left = without(a, other)
        expect(left === null ? [] : bitsOf(left)).toEqual(bits.filter(bit => !taken.has(bit)))
        expect(without(a, a)).toBe(null)
      }),
    )
  })

  it('differ wherever one of them does', () => {
    fc.assert(
      fc.property(words, fc.nat(), fc.integer({ min: 1, max: 0xffffffff }), (a, at, change) => {
        fc.pre(a.length > 0)
        const other = a.slice()
        other[at % a.length]! ^= change
        expect(sameWords(a, other)).toBe(false)
        expect(sameWords(other, a)).toBe(false)
        expect(sameWords(a, a.slice())).toBe(true)
      }),
    )
  })

  it('are compared once, whichever side asks first and whatever else is compared between', () => {
    const list = fc.array(fc.constantFrom(1, 2), { minLength: 3, maxLength: 3 })
    fc.assert(
      fc.property(
        fc.array(list, { minLength: 2, maxLength: 4 }),
        fc.array(fc.nat(15), { maxLength: 20 }),
        (lists, asks) => {
          const arrays = lists.map(values => Uint32Array.from(values))
          const same = compareOnce()
          for (const ask of asks) {
            const [a, b] = [arrays[(ask >> 2) % arrays.length]!, arrays[(ask & 3) % arrays.length]!]
            expect(same(a, b)).toBe(sameWords(a, b))
          }
        },
      ),
    )
    const same = compareOnce()
    const [a, b] = [Uint32Array.of(1), Uint32Array.of(2)]
    expect(same(a, b)).toBe(false)
    b[0] = 1
    expect(same(b, a)).toBe(false)
  })

  it('are pairs of a table of u64s', () => {
    fc.assert(
      fc.property(words, fc.nat(25), (a, from) => {
        const table = a.slice(0, a.length - (a.length % 2))
        const used = [...table.keys()].filter(n => table[n] !== 0)
        expect(nextUsed(table, from)).toBe(used.find(n => n >= from) ?? Math.max(from, table.length))
        const slot = used.map(n => n >>> 1).find(n => n >= from)
        expect(nextUsedSlot(table, from)).toBe(slot ?? Math.max(from, table.length / 2))
      }),
    )
  })

  it('have clear bits, are filled and cut off bit by bit', () => {
    fc.assert(
      fc.property(words, fc.nat(1300), fc.nat(1300), (a, x, y) => {
        const size = a.length * 32
        const [from, to] = [x % (size + 1), y % (size + 1)]
        const bits = new Set(bitsOf(a))
        const clear = Array.from({ length: size }, (_, bit) => bit).find(bit => bit >= from && !bits.has(bit))
        expect(nextClear(a, from)).toBe(clear ?? size)
        const filled = a.slice()
        fillBits(filled, from, to)
        for (let bit = from; bit < to; bit++) bits.add(bit)
        expect(bitsOf(filled)).toEqual([...bits].sort((m, n) => m - n))
        if (size === 0) return
        const last = Math.min(to, size - 1)
        expect(bitsOf(upTo(a, last))).toEqual(bitsOf(a).filter(bit => bit <= last))
      }),
      { numRuns: 300 },
    )
  })

  it('are those of bytes, wherever these begin', () => {
    const bytes = Uint8Array.from({ length: 15 }, (_, n) => n)
    expect([...wordsOf(bytes.subarray(4, 12))]).toEqual([0x07060504, 0x0b0a0908])
    expect([...wordsOf(bytes.subarray(5, 14))]).toEqual([0x08070605, 0x0c0b0a09])
    expect(wordsOf(bytes.subarray(4, 12)).buffer).toBe(bytes.buffer)
    expect(wordsOf(bytes.subarray(5, 13)).buffer).not.toBe(bytes.buffer)
  })
})
