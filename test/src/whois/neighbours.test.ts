import fc from 'fast-check'
import { expect, it } from 'vitest'
import { addBlock, createPageSet } from '../../../formats/pages/page-set.js'
import { blockAfter, blockBefore } from '../../../src/whois/neighbours.js'

const PAGE = 4096
// Far apart and near: within a word, a bitmap, and bitmaps that are not there.
const page = fc.oneof(fc.nat(200), fc.nat(200_000), fc.nat(2 ** 30))
const block = fc.record({ page, order: fc.constantFrom(0, 0, 1, 4, 9) })

it('finds the blocks before and after any address', () => {
  fc.assert(
    fc.property(
      fc.array(block, { maxLength: 12 }),
      fc.array(page, { minLength: 1, maxLength: 8 }),
      (list, asked) => {
        const pages = createPageSet(12)
        const blocks = list.map(({ page, order }) => ({
          address: (page - (page % 2 ** order)) * PAGE,
          order,
        }))
        for (const { address, order } of blocks) addBlock(pages, address, order)
        blocks.sort((a, b) => a.address - b.address || a.order - b.order)
        for (const at of [...asked.map(n => n * PAGE), ...blocks.flatMap(b => [b.address, b.address + 1])]) {
          const after = blocks.find(b => b.address >= at) ?? null
          expect(blockAfter(pages, at)).toEqual(after)
          const last = blocks.findLast(b => b.address <= at)?.address
          expect(blockBefore(pages, at)).toEqual(blocks.find(b => b.address === last) ?? null)
        }
      },
    ),
    { numRuns: 300 },
  )
})
