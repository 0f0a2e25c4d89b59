import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRows } from '../../../src/commands/hex/rows.js'

const LAYOUTS = [
  { row: 16, rowWidth: 66 },
  { row: 8, rowWidth: 35 },
]

/** A row by its definition: digits of each byte and a space, in a column for a full row; then printable ASCII, dots for others. */
function expected(bytes: Uint8Array, row: number, rowWidth: number): string {
  const digits = [...bytes].map(byte => `${byte.toString(16).padStart(2, '0')} `).join('')
  const text = [...bytes]
    .map(byte => (byte >= 0x20 && byte <= 0x7e ? String.fromCharCode(byte) : '.'))
    .join('')
  return `${digits.padEnd(row * 3 + 3)}${text}`.padEnd(rowWidth)
}

describe.each(LAYOUTS)('rows of $row bytes', ({ row, rowWidth }) => {
  it('are cut from whatever bytes were read, in whatever order', () => {
    const stretch = fc.record({ which: fc.nat(1), at: fc.nat(), length: fc.integer({ min: 1, max: row }) })
    const sources = fc.tuple(
      fc.uint8Array({ minLength: 4090, maxLength: 8300 }),
      fc.uint8Array({ minLength: 1, maxLength: 600 }),
    )
    fc.assert(
      fc.property(sources, fc.array(stretch, { maxLength: 40 }), (made, stretches) => {
        const rows = createRows({ row, rowWidth })
        for (const { which, at, length } of stretches) {
          const source = made[which]!
          const from = at % source.length
          const bytes = source.subarray(from, Math.min(source.length, from + length))
          expect(rows(source, from, bytes.length)).toBe(expected(bytes, row, rowWidth))
        }
      }),
      { numRuns: 60 },
    )
  })

  it('of four bytes are the same when they come again, and after others', () => {
    const rows = createRows({ row, rowWidth })
    // More words than are kept, each three times, and once more from the beginning.
    const source = Uint8Array.from({ length: 4 * 10_000 }, (_, n) =>
      n % 4 < 2 ? 0 : ((n / 4) >> ((3 - (n % 4)) * 8)) & 0xff,
    )
    for (let pass = 0; pass < 2; pass++) {
      for (let at = 0; at < source.length; at += 4) {
        const text = expected(source.subarray(at, at + 4), row, rowWidth)
        for (let again = 0; again < 3; again++)
          if (rows(source, at, 4) !== text) expect(rows(source, at, 4)).toBe(text)
      }
    }
  })
})
