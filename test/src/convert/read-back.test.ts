import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PAGE_SHIFTS } from '../../../formats/memory/geometry.js'
import { listRanges } from '../../../formats/pages/runs.js'
import type { Conversion } from '../../../src/convert/conversion.js'
import { convertState } from '../../../src/convert/convert.js'
import { loadState } from '../../../src/image/load-state.js'
import { withRam } from '../../../src/image/ram-options.js'
import type { KhoState } from '../../../src/image/state.js'
import { openImage } from '../../../src/node/open.js'
import { simulate } from '../../../src/simulate/simulate.js'
import { validateState } from '../../../src/validate/validate.js'
import { ROOT } from '../../built.js'
import { richScenario } from '../scenario/rich-scenarios.js'
import { imageOf, scenarioOf } from '../simulate/dump.js'
import { blocks, makeState, reopen, WRITTEN } from './state.js'

/** Where every page size gives the same, none is to be told. */
const WITHOUT_PAGES = ['mem4']

/** What was read of a conversion, beside what was written. */
function seen(again: KhoState, there: Conversion) {
  return {
    root: again.root.address,
    abi: again.abi,
    pageShift: again.geometry.pageShift,
    same: sameRanges(again, there),
    guesses: again.faults.filter(({ code }) => code === 'DUMP-PAGE-SIZE').map(({ message }) => message),
  }
}

/** Renames what /chosen has of KHO, so that nothing names the root. */
function hideRecords(bytes: Uint8Array): void {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let at = whole.indexOf('linux,kho-fdt'); at >= 0; at = whole.indexOf('linux,kho-fdt', at)) {
    whole.write('linux,xxx-fdt', at)
  }
}

function sameRanges(again: KhoState, { pages }: Conversion): boolean {
  return JSON.stringify(listRanges(again.tracker.decode.pages)) === JSON.stringify(listRanges(pages))
}

describe.each(PAGE_SHIFTS)(
  'what is converted, with pages of 2^%i bytes, and read without a word',
  pageShift => {
    const pageSize = ({ 12: '4K', 14: '16K', 16: '64K' } as const)[pageShift]

    it.each(WRITTEN.flatMap(to => [[to, 'and its record'] as const, [to, 'without a record'] as const]))(
      '%s: is told by what it hands over, %s',
      async (to, record) => {
        const scenario = scenarioOf(richScenario('7.2', pageSize))
        scenario.machine.arch = 'arm64'
        const simulation = simulate(scenario, { at: 'early' })
        const state = loadState(await imageOf(simulation), { root: simulation.root!, pageShift })
        expect(state.fdt.root.children.map(({ name }) => name)).toContain('LUO')
        const there = convertState(state, { to })
        const again = await reopen(state, there, {}, record === 'without a record' ? hideRecords : undefined)
        expect(seen(again, there)).toEqual({
          root: there.root,
          abi: to,
          pageShift: WITHOUT_PAGES.includes(to) ? expect.anything() : pageShift,
          same: true,
          guesses: [],
        })
      },
    )

    it.each(WRITTEN)('%s: whatever is preserved, is read right or called a guess', async to => {
      await fc.assert(
        fc.asyncProperty(blocks, fc.nat(1000), async (list, seed) => {
          const source = await makeState('kho-v4', pageShift, list)
          fc.pre(source.tracker.state === 'live')
          const there = convertState(source, { to, seed })
          const again = await reopen(source, there)
          const guesses = again.faults.filter(({ code }) => code === 'DUMP-PAGE-SIZE')
          if (guesses.length > 0) {
            expect(guesses[0]!.message).toContain('--page-size')
            expect(validateState(again).outcome.assumptions).toContain(
              `pages have ${again.geometry.pageSize} bytes`,
            )
            return
          }
          const { geometryReason, tracker } = again
          expect([sameRanges(again, there), geometryReason, tracker.reason]).toEqual([
            true,
            geometryReason,
            tracker.reason,
          ])
          if (!/a guess/.test(again.tracker.reason ?? '')) expect(again.abi).toBe(to)
        }),
        { numRuns: 10 },
      )
    })
  },
)

const FIXTURES = readdirSync(join(ROOT, 'fixtures')).filter(name => name.endsWith('.elf'))

describe.each(FIXTURES)('%s, converted, and read without a word', name => {
  it.each(WRITTEN)('%s', async to => {
    const state = loadState(await openImage(join(ROOT, 'fixtures', name)))
    const there = convertState(state, { to })
    const again = await reopen(state, there)
    expect(seen(again, there)).toMatchObject({ abi: to, pageShift: 12, same: true, guesses: [] })
  })
})

describe('a list of few bitmaps', () => {
  it('is told from one of bitmaps of a page, with a child of LUO too', async () => {
    const luo = { name: 'LUO', address: 1000 * 4096, size: 32 }
    for (const children of [[], [luo]]) {
      const source = await makeState('kho-v4', 12, [{ block: 1000, order: 0 }], children)
      const again = await reopen(source, convertState(source, { to: 'kho-v1-512' }))
      expect(again.tracker.decode.nodes.filter(({ kind }) => kind === 'bitmap')).toHaveLength(1)
      expect(again.fdt.root.children).toHaveLength(children.length)
      expect(again.abi).toBe('kho-v1-512')
    }
  })

  it.each([
    ['v5', 14],
    ['v5', 16],
  ] as const)(
    '%s with pages of 2^%i bytes is a guess, and says which option tells',
    async (to, pageShift) => {
      const source = await makeState('kho-v4', pageShift, [{ block: 1000, order: 0 }])
      const there = convertState(source, { to })
      const { image } = await reopen(source, there)
      // Where all of the machine's memory is known, a wrong address is RAM like the right one.
      const again = loadState({ ...image, memory: withRam(image.memory, [{ start: 0, end: 2 ** 33 }]) })
      const { guesses } = seen(again, there)
      expect(guesses).toEqual([expect.stringMatching(/a guess: .*--page-size 4K, 16K or 64K/)])
      const { outcome, findings } = validateState(again)
      expect(outcome.assumptions).toContain(`pages have ${again.geometry.pageSize} bytes`)
      expect(findings.find(({ rule }) => rule === 'DUMP-PAGE-SIZE')).toMatchObject({ severity: 'warning' })
      expect(findings.map(({ message }) => message).join()).not.toContain('holds its own root FDT')
    },
  )
})
