import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  countBits,
  isEmpty,
  nextSet,
  nextUsed,
  nextUsedSlot,
  sameWords,
} from '../../../formats/pages/words.js'

const word = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  fc.constant(0xffffffff),
  fc.integer({ min: 0, max: 0xffffffff }),
)
const words = fc.array(word, { maxLength: 40 }).map(list => Uint32Array.from(list))

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
})
