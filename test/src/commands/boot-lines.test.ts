import fc from 'fast-check'
import { expect, it } from 'vitest'
import { eachReservation, type Reservations } from '../../../src/boot/boot.js'
import { writeReservations } from '../../../src/commands/boot/lines.js'

const words = fc.uint32Array({ minLength: 1, maxLength: 400 })
const sparse = words.map(list => list.map((word, n) => (n % 5 === 0 ? word & 0x80000001 : 0)))
const entry = fc.oneof(
  fc.record({
    who: fc.constant('blocks' as const),
    order: fc.constantFrom(0, 0, 0, 1, 9),
    // Around windows of 4096 pages whose addresses gain a digit, and far up.
    first: fc.constantFrom(0, 32, 4096, 15 * 4096, 16 * 4096, 255 * 4096 + 4064, 2 ** 24, 2 ** 32, 4097),
    words: fc.oneof(words, sparse),
    stride: fc.constantFrom(null, 4096),
  }),
  fc.record({ who: fc.constant('fdt' as const), start: fc.nat(), size: fc.nat() }),
)

it('writes what there is, a line each, however it goes about it', () => {
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 4 }), list => {
      const reservations = list.map(
        (item): Reservations =>
          item.who === 'fdt' ? item : { ...item, stride: item.stride ?? 4096 * 2 ** item.order },
      )
      let out = ''
      writeReservations(
        piece => {
          out += typeof piece === 'string' ? piece : Buffer.from(piece).toString('latin1')
        },
        reservations,
        4096,
      )
      const lines = [...eachReservation(reservations, 4096)].map(
        ({ start, end, who }) => `0x${start.toString(16)}-0x${end.toString(16)} ${who}\n`,
      )
      expect(out === lines.join('')).toBe(true)
    }),
    { numRuns: 150 },
  )
})
