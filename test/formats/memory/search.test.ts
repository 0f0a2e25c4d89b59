import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asciiBytes, findBytes, findLastBytes } from '../../../formats/memory/search.js'

const few = fc.constantFrom(0, 0x20, 1, 2)
const haystack = fc.array(few, { maxLength: 60 }).map(list => Uint8Array.from(list))
const needle = fc.array(few, { minLength: 1, maxLength: 4 }).map(list => Uint8Array.from(list))

describe('findBytes', () => {
  it('finds what Buffer finds', () => {
    fc.assert(
      fc.property(haystack, needle, fc.nat(70), (bytes, wanted, from) => {
        expect(findBytes(bytes, wanted, from)).toBe(Buffer.from(bytes).indexOf(wanted, from))
      }),
      { numRuns: 2000 },
    )
  })

  it('finds the last as Buffer does', () => {
    fc.assert(
      fc.property(haystack, needle, (bytes, wanted) => {
        expect(findLastBytes(bytes, wanted)).toBe(Buffer.from(bytes).lastIndexOf(wanted))
      }),
      { numRuns: 2000 },
    )
  })

  it('is given texts as bytes', () => {
    expect(findBytes(asciiBytes('say kho-v4'), asciiBytes('kho-v'))).toBe(4)
  })
})
