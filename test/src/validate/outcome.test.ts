import { describe, expect, it } from 'vitest'
import { readingKernel } from '../../../formats/kernels/index.js'
import type { EarlyBoot } from '../../../src/kernel/reader/early-boot.js'
import { createTrace, type ReaderEvent } from '../../../src/kernel/reader/trace.js'
import { findRule } from '../../../src/rules/catalogue.js'
import type { Effect } from '../../../src/rules/rule.js'
import type { Found } from '../../../src/validate/collect.js'
import { judge } from '../../../src/validate/outcome.js'

const DONE: EarlyBoot = {
  end: 'done',
  cause: null,
  events: [],
  reserved: null,
  roots: null,
  extended: null,
  steps: [],
  assumptions: [],
}
const READER = { release: readingKernel('7.2').release, assumptions: [] }

/** Early boot of a kernel whose users were not followed. */
const booted = (boot: EarlyBoot) => ({ boot, trace: null, assumptions: [] })

function traced(events: readonly ReaderEvent['effect'][], missing = false) {
  const trace = createTrace()
  for (const effect of events) {
    trace.events.push({ rule: 'LUO-COMPATIBLE', effect, message: '', path: null, address: null })
  }
  if (missing) trace.needs.push({ address: 0x1000, message: '', path: null })
  return { boot: DONE, trace, assumptions: [] }
}

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
        const outcome = judge(booted(DONE), list, READER)
        expect(outcome).toMatchObject({ word, why: worst === 'none' ? [] : ['LUO-COMPATIBLE'] })
      }
    }
  })

  it('is what early boot came to, where that ended it', () => {
    const cause = { rule: 'ROOT-COMPATIBLE', message: '', address: null }
    for (const end of ['rejected', 'oops', 'loop', 'unknown'] as const) {
      const outcome = judge(booted({ ...DONE, end, cause }), [found('MEMBLOCK-REGION', 'reported')], READER)
      expect(outcome).toMatchObject({ word: end, why: ['ROOT-COMPATIBLE'] })
    }
    expect(judge(null, [], READER)).toMatchObject({ word: 'unknown', why: ['TRACKER-STALE'] })
  })

  it('leaves to early boot what it went through, except what no kernel notices', () => {
    expect(judge(booted(DONE), [found('ROOT-COMPATIBLE', 'rejected')], READER).word).toBe('ok')
    expect(judge(booted(DONE), [found('ROOT-COMPATIBLE', 'silent')], READER).word).toBe('accepted-different')
    const event = { rule: 'ROOT-COMPATIBLE', message: '', address: null }
    const said = judge(booted({ ...DONE, events: [event] }), [found('ROOT-COMPATIBLE', 'reported')], READER)
    expect(said).toMatchObject({ word: 'error-reported', why: ['ROOT-COMPATIBLE'] })
  })

  it('is that of what users of the kernel met, and not what rules make of it', () => {
    for (const [effect, word] of [
      ['oops', 'oops'],
      ['loop', 'loop'],
      ['reported', 'error-reported'],
      ['silent', 'accepted-different'],
    ] as const) {
      expect(judge(traced([effect]), [], READER)).toMatchObject({ word, why: ['LUO-COMPATIBLE'] })
    }
    expect(judge(traced([]), [found('LUO-COMPATIBLE', 'oops')], READER).word).toBe('ok')
    expect(judge(traced([]), [found('MAP-IN-SCRATCH', 'silent')], READER).word).toBe('accepted-different')
  })

  it('is unknown where bytes that decide are missing, save where nothing can be worse', () => {
    expect(judge(traced([], true), [], READER)).toMatchObject({ word: 'unknown', why: ['READER-UNKNOWN'] })
    expect(judge(traced(['reported'], true), [], READER).word).toBe('unknown')
    expect(judge(traced(['oops'], true), [], READER).word).toBe('oops')
  })
})
