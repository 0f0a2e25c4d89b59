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

function found(id: string, effect: Effect, more: Partial<Found> = {}): Found {
  const rule = findRule(id)
  return { rule, severity: 'error', effect, message: '', path: null, address: null, count: 1, ...more }
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

  it('names a rule once, and those alone that come to the word', () => {
    const two = [found('MEMBLOCK-REGION', 'oops'), found('MEMBLOCK-REGION', 'oops')]
    expect(judge(booted(DONE), [...two, found('MEMFD-SIZE', 'silent')], READER).why).toEqual([
      'MEMBLOCK-REGION',
    ])
    expect(judge(traced(['reported'], true), [], READER).why).toEqual(['READER-UNKNOWN', 'LUO-COMPATIBLE'])
    const event = { rule: 'ROOT-COMPATIBLE', message: '', address: null }
    const both = { boot: { ...DONE, events: [event] }, trace: traced(['reported']).trace, assumptions: [] }
    expect(judge(both, [], READER).why).toEqual(['ROOT-COMPATIBLE', 'LUO-COMPATIBLE'])
  })

  it('says of what ended early boot only in the map what else is wrong there', () => {
    const boot = {
      ...DONE,
      end: 'oops' as const,
      cause: { rule: 'RADIX-POINTER', message: '', address: null },
    }
    const list = [
      found('RADIX-CYCLE', 'none'),
      found('RADIX-POINTER', 'oops'),
      found('MAP-ORPHAN', 'oops', { severity: 'warning' }),
      found('RADIX-SHARED-NODE', 'oops', { severity: 'warning' }),
      found('MEMBLOCK-REGION', 'oops'),
    ]
    for (const end of ['oops', 'loop'] as const) {
      expect(judge(booted({ ...boot, end }), list, READER).why).toEqual(['RADIX-POINTER', 'RADIX-CYCLE'])
    }
    for (const end of ['rejected', 'unknown'] as const) {
      expect(judge(booted({ ...boot, end }), list, READER).why).toEqual(['RADIX-POINTER'])
    }
    expect(judge(booted({ ...boot, cause: null }), [], READER).why).toEqual([])
    expect(judge(booted({ ...boot, end: 'unknown', cause: null }), list, READER).why).toEqual([])
  })

  it('counts what nobody follows, and nothing twice that somebody does', () => {
    const word = (list: Found[]) => judge(traced([]), list, READER).word
    // Followed: what came of it is what counts.
    for (const id of ['LUO-FILE-COUNT', 'LUO-FLB-COUNT', 'LUO-SESSION-COUNT', 'LUO-TOKEN-DUPLICATE']) {
      expect(word([found(id, 'silent')])).toBe('ok')
      expect(judge(booted(DONE), [found(id, 'silent')], READER).word).toBe('accepted-different')
    }
    for (const id of ['MEMFD-ADDRESS', 'MEMFD-POSITION', 'MEMFD-SIZE']) {
      expect(word([found(id, 'silent')])).toBe('ok')
    }
    expect(word([found('BLOB-UNPRESERVED', 'silent', { path: 'luo' })])).toBe('accepted-different')
    expect(word([found('MAP-IN-SCRATCH', 'silent', { path: 'kexec-metadata' })])).toBe('accepted-different')
    expect(word([found('BLOB-ADDRESS', 'silent', { path: 'luo' })])).toBe('ok')
    expect(word([found('BLOB-ADDRESS', 'silent')])).toBe('ok')
    expect(word([found('BLOB-ADDRESS', 'silent', { path: 'blobs/other' })])).toBe('accepted-different')
    expect(word([found('MAP-IN-SCRATCH', 'none')])).toBe('ok')
  })

  it('counts of a rule on early boot only what the kernel does not notice, and what the reader needs', () => {
    const word = (list: Found[]) => judge(booted(DONE), list, READER).word
    expect(word([found('RADIX-CYCLE', 'loop')])).toBe('ok')
    expect(word([found('RADIX-CYCLE', 'none')])).toBe('ok')
    expect(word([found('MEMBLOCK-REGION', 'none')])).toBe('ok')
    expect(word([found('READER-UNKNOWN', 'reported')])).toBe('error-reported')
  })

  it('carries what was taken for granted, the reading first, and the release', () => {
    const reader = { release: '7.2.13', assumptions: ['of the options'] }
    const reading = { ...booted(DONE), assumptions: ['of the reading'] }
    expect(judge(reading, [], reader)).toEqual({
      word: 'ok',
      why: [],
      kernel: '7.2.13',
      assumptions: ['of the reading', 'of the options'],
    })
    expect(judge(null, [], reader)).toMatchObject({ kernel: '7.2.13', assumptions: ['of the options'] })
  })
})
