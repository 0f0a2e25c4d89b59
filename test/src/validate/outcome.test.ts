import { describe, expect, it } from 'vitest'
import { readingKernel } from '../../../formats/kernels/index.js'
import { findRule } from '../../../src/rules/catalogue.js'
import type { Effect } from '../../../src/rules/rule.js'
import type { Found } from '../../../src/validate/collect.js'
import type { EarlyBoot } from '../../../src/validate/early-boot.js'
import { judge } from '../../../src/validate/outcome.js'

const DONE: EarlyBoot = { end: 'done', cause: null, events: [], reserved: null, assumptions: [] }
const READER = readingKernel('7.2')

function found(id: string, effect: Effect): Found {
  const rule = findRule(id)
  return { rule, severity: 'error', effect, message: '', path: null, address: null, count: 1 }
}

/** Effects of one rule that early boot has no say on, worst first, and what each comes to. */
const WORST_FIRST = [
  ['rejected', 'rejected'],
  ['oops', 'oops'],
  ['loop', 'loop'],
  ['reported', 'error-reported'],
  ['silent', 'accepted-different'],
  ['none', 'ok'],
] as const

describe('the outcome', () => {
  it('is that of the worst effect, whatever else was found and in whatever order', () => {
    for (let n = 0; n < WORST_FIRST.length; n++) {
      const [worst, word] = WORST_FIRST[n]!
      const others = WORST_FIRST.slice(n + 1).map(([effect]) => found('MEMBLOCK-REGION', effect))
      const leading = found('LUO-COMPATIBLE', worst)
      for (const list of [
        [leading, ...others],
        [...others, leading],
      ]) {
        const outcome = judge(DONE, list, READER)
        expect(outcome).toMatchObject({ word, why: worst === 'none' ? [] : ['LUO-COMPATIBLE'] })
      }
    }
  })

  it('is what early boot came to, where that ended it', () => {
    const cause = { rule: 'ROOT-COMPATIBLE', message: '', address: null }
    for (const end of ['rejected', 'oops', 'loop', 'unknown'] as const) {
      const outcome = judge({ ...DONE, end, cause }, [found('MEMBLOCK-REGION', 'reported')], READER)
      expect(outcome).toMatchObject({ word: end, why: ['ROOT-COMPATIBLE'] })
    }
    expect(judge(null, [], READER)).toMatchObject({ word: 'unknown', why: ['TRACKER-STALE'] })
  })

  it('leaves to early boot what it went through, except what no kernel notices', () => {
    expect(judge(DONE, [found('ROOT-COMPATIBLE', 'rejected')], READER).word).toBe('ok')
    expect(judge(DONE, [found('ROOT-COMPATIBLE', 'silent')], READER).word).toBe('accepted-different')
    const event = { rule: 'ROOT-COMPATIBLE', message: '', address: null }
    const said = judge({ ...DONE, events: [event] }, [found('ROOT-COMPATIBLE', 'reported')], READER)
    expect(said).toMatchObject({ word: 'error-reported', why: ['ROOT-COMPATIBLE'] })
  })
})
