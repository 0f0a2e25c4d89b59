import { describe, expect, it } from 'vitest'
import { createPageSet } from '../../../formats/pages/page-set.js'
import { builderFor } from '../../../src/write/placement.js'
import { setOf, stateOf } from '../diff/states.js'

describe('placing pages', () => {
  it('keeps out of the lowest MiB, scratch, and what is preserved', () => {
    const scratch = [{ start: 2 ** 20, size: 0x4000 }]
    const state = stateOf({ pages: createPageSet(12), scratch })
    const pages = setOf([
      [0, 0x104],
      [1, 0x106],
    ])
    const builder = builderFor(state, [{ start: 0, end: 2 ** 20 + 0xa000 }], pages, 0)
    const places = [1, 2, 3].map(() => builder.allocate(1).address)
    expect(places).toEqual([0x10_5000, 0x10_8000, 0x10_9000])
    expect(() => builder.allocate(1)).toThrow(/no 4096 free bytes/)
  })
})
