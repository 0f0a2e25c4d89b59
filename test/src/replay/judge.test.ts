import { describe, expect, it } from 'vitest'
import { readKernelLog } from '../../../src/guest/kernel-log.js'
import { type Expected, judgeReplay, type Seen } from '../../../src/replay/judge.js'

const TAKEN = [
  'KHO: found kexec handover data.',
  "Revived memory reservation 'trace' from KHO",
  'luo: Retrieved live update data, liveupdate number: 3',
  'KHO: exec from: 7.2.13 (count 2)',
]
const file = { session: 'vm', token: 1n, size: 5n, sha256: 'aa', position: 2n, seals: 6 }
const expected: Expected = {
  files: [file],
  execFrom: { release: '7.2.13', count: 2 },
  liveupdateNumber: 3,
  regions: ['trace'],
  testKho: false,
}
const seen = (lines: readonly string[], more: Partial<Seen> = {}): Seen => ({
  log: readKernelLog(lines),
  up: true,
  retrieved: { files: [{ ...file, frames: [] }], failures: [], cut: false },
  end: { how: 'stopped', code: 0, stderr: '' },
  reserved: [],
  ...more,
})

describe('judgeReplay', () => {
  it('says ok of a state that is taken over as meant', () => {
    expect(judgeReplay(seen(TAKEN), expected)).toEqual({ word: 'ok', why: [] })
  })

  it.each([
    ['rejected', seen(['KHO: disabling KHO revival'])],
    ['rejected', seen([])],
    ['rejected', seen([...TAKEN, 'KHO: disabling KHO revival'])],
    ['oops', seen([...TAKEN, 'BUG: unable to handle page fault for address: 1', 'RIP: 0010:walk+0x1/0x2'])],
    ['oops', seen([...TAKEN, 'Kernel panic - not syncing: Out of memory'])],
    ['oops', seen([], { up: false, end: { how: 'exited', code: 0, stderr: '' } })],
    ['loop', seen([], { up: false, end: { how: 'limit', code: null, stderr: '' } })],
    [
      'loop',
      seen(TAKEN, {
        retrieved: { files: [], failures: [], cut: true },
        end: { how: 'limit', code: null, stderr: '' },
      }),
    ],
    ['error-reported', seen([...TAKEN, 'luo: Block contains invalid entry count: 9'])],
    ['error-reported', seen([...TAKEN, 'WARNING: mm/x.c:1 at kho_restore_page+0x1/0x2, CPU#0: init/1'])],
    [
      'error-reported',
      seen(TAKEN, {
        retrieved: {
          files: [],
          failures: [{ session: 'vm', token: 1n, step: 'file', message: 'token 1 of vm: Invalid argument' }],
          cut: false,
        },
      }),
    ],
    ['accepted-different', seen(TAKEN.slice(0, 1))],
    ['accepted-different', seen(TAKEN, { retrieved: { files: [], failures: [], cut: false } })],
    [
      'accepted-different',
      seen(TAKEN, {
        retrieved: { files: [{ ...file, sha256: 'bb', frames: [] }], failures: [], cut: false },
      }),
    ],
  ] as const)('says %s, and why', (word, what) => {
    const judgement = judgeReplay(what, expected)
    expect(judgement.word).toBe(word)
    expect(judgement.why.length).toBeGreaterThan(0)
  })

  it('is not ok where nothing of what was handed over came back, though nobody complains', () => {
    const nothing = { files: [], failures: [], cut: false }
    const { word, why } = judgeReplay(seen(TAKEN, { retrieved: nothing }), expected)
    expect(word).toBe('accepted-different')
    expect(why).toContain('vm/1 was not retrieved')
    expect(judgeReplay(seen(TAKEN.slice(0, 1)), { ...expected, files: [] }).word).toBe('accepted-different')
    const without = {
      session: 'vm',
      token: 1n,
      step: 'session' as const,
      message: '/dev/liveupdate: No such file or directory',
    }
    const older = seen(TAKEN.slice(0, 2), { retrieved: { files: [], failures: [without], cut: false } })
    expect(judgeReplay(older, { ...expected, execFrom: null, liveupdateNumber: null })).toEqual({
      word: 'accepted-different',
      why: ['vm/1 was not retrieved'],
    })
  })

  it('does not compare what is not known', () => {
    const unknown = {
      ...expected,
      files: [{ ...file, size: null, sha256: null, position: null, seals: null }],
    }
    const back = { files: [{ ...file, sha256: 'cc', size: 9n, frames: [] }], failures: [], cut: false }
    expect(judgeReplay(seen(TAKEN, { retrieved: back }), unknown).word).toBe('ok')
  })
  it('compares sizes and positions that are no JSON numbers', () => {
    const wide = { ...expected, files: [{ ...file, position: -(2n ** 63n) }] }
    expect(judgeReplay(seen(TAKEN), wide)).toEqual({
      word: 'accepted-different',
      why: ['position of vm/1 is 2, not -9223372036854775808'],
    })
  })
})
