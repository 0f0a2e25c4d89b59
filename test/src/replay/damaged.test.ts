import { afterAll, expect, it } from 'vitest'
import { type ReplayReport, replayState } from '../../../src/replay/replay.js'
import { describeWithKernel } from '../../material.js'
import { brokenState } from './small-guest.js'

/** Ten ways to break a state, what a kernel makes of each, and where it dies or what it says. */
const DAMAGED = [
  ['ROOT-COMPATIBLE', 'rejected', /is incompatible with 'kho-v4'/],
  ['ROOT-MAP-ZERO', 'rejected', /disabling KHO revival/],
  ['RADIX-POINTER', 'oops', /__kho_radix_walk_tree|kho_preserved_memory_reserve/],
  ['MAP-OUTSIDE-RAM', 'oops', /kho_preserved_memory_reserve/],
  ['LUO-COMPATIBLE', 'oops', /Kernel panic/],
  ['KEXEC-METADATA-VERSION', 'error-reported', /KHO: /],
  ['LUO-FILE-COMPATIBLE', 'error-reported', /./],
  ['BLOB-PROPERTY', 'error-reported', /./],
  ['MAP-IN-SCRATCH', 'accepted-different', /is kept in scratch/],
  ['RADIX-KEY', 'accepted-different', /is kept, and not in the map/],
] as const

describeWithKernel('7.2.13', 'a broken state does to a real kernel what validate says', kernel => {
  const rows: string[] = []
  afterAll(() => {
    const head = ['damage'.padEnd(24), 'predicted'.padEnd(20), 'kernel'.padEnd(20), 'because'].join('')
    console.log([head, ...rows].join('\n'))
  })

  const row = (rule: string, { predicted, word, why, log }: ReplayReport) => {
    const where = log.oops?.function ?? why[0] ?? ''
    const said = predicted?.outcome.word ?? '-'
    rows.push([rule.padEnd(24), said.padEnd(20), word.padEnd(20), where.slice(0, 90)].join(''))
  }

  it.each(DAMAGED)('%s: %s', async (rule, word, because) => {
    const { state, regions } = await brokenState(rule)
    const report = await replayState(state, { kernel, regions })
    row(rule, report)
    expect(report.predicted?.outcome).toMatchObject({ word, kernel: expect.stringMatching(/^7\.2/) })
    expect(report.word).toBe(word)
    expect(report.why.join('\n')).toMatch(because)
  })
})
