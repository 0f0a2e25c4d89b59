import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createAddressTable } from '../../../formats/trackers/shared/address-table.js'

describe('a table of addresses', () => {
  const indexes = fc.uniqueArray(fc.nat(200), { maxLength: 60 })

  it.each([
    ['in any order', indexes],
    ['in ascending order', indexes.map(list => list.sort((a, b) => a - b))],
    [
      'in ascending order but for the last',
      indexes.map(([last = 0, ...rest]) => [...rest.sort((a, b) => a - b), last]),
    ],
  ])('finds and lists what came %s', (_how, lists) => {
    fc.assert(
      fc.property(lists, list => {
        const table = createAddressTable()
        const known = new Map<number, number>()
        list.forEach((index, n) => {
          expect(table.get(index)).toBe(0)
          table.add(index, 2 ** 40 + n)
          known.set(index, 2 ** 40 + n)
          expect(table.last).toBe(Math.max(...known.keys()))
        })
        for (let index = 0; index <= 201; index++) expect(table.get(index)).toBe(known.get(index) ?? 0)
        const listed: [number, number][] = []
        table.forEach((index, address) => void listed.push([index, address]))
        expect(listed).toEqual([...known].sort(([a], [b]) => a - b))
      }),
    )
  })
})
