import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type GridBase, gridBase } from '../../../../src/replay/grid/base-state.js'
import { gridCases, shuffled } from '../../../../src/replay/grid/cases.js'
import { judgeRow } from '../../../../src/replay/grid/judge-row.js'
import { patchedState } from '../../../../src/replay/grid/patched.js'
import { type Checkpoints, makeCheckpoints, runCase } from '../../../../src/replay/grid/run-case.js'
import { readReasons, reasonFor } from '../../../../src/replay/grid/table.js'
import { BOOTED, describeWithKernel } from '../../../material.js'
import { gridTable } from './tables.js'

const DAY = Math.floor(Date.now() / 86_400_000)
/** One release a day, and of its table other cases each time. */
const RELEASE = BOOTED[DAY % BOOTED.length]!
const CASES = 6

describeWithKernel(RELEASE, `today's part of the grid, on Linux ${RELEASE}`, kernel => {
  let base: GridBase
  let points: Checkpoints
  beforeAll(async () => {
    base = gridBase(RELEASE)
    points = await makeCheckpoints(kernel, base, () => {})
  }, 180_000)
  afterAll(() => points.remove())

  const reasons = readReasons(readFileSync('fixtures/grid/reasons.tsv', 'utf8'))
  const { kernel: full, rows } = gridTable(RELEASE)
  const judged = new Set(rows.map(row => row.id))
  const cases = shuffled(gridCases(gridBase(RELEASE)), String(DAY))
    .filter(row => judged.has(row.id) && reasonFor(reasons, full, row.id) === '')
    .slice(0, CASES)

  it.each(cases.map(row => [row.id, row] as const))(
    '%s: the kernel does what is predicted',
    async (_, row) => {
      const { state: sound } = await patchedState(base, null)
      const { state } = await patchedState(base, row)
      const observed = await runCase(points, row, state)
      const { memory, cmdline, image } = points.preparation
      const answer = await judgeRow(base, sound!, {
        ...row,
        kernel: image.release!,
        memory,
        cmdline,
        observed,
      })
      expect({ word: answer.predicted.word, why: answer.kernel.why }).toEqual({
        word: answer.kernel.word,
        why: answer.kernel.why,
      })
    },
    180_000,
  )
})
