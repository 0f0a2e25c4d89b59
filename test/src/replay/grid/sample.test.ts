import { afterAll, beforeAll, expect, it } from 'vitest'
import { type GridBase, gridBase } from '../../../../src/replay/grid/base-state.js'
import { gridCases, shuffled } from '../../../../src/replay/grid/cases.js'
import { judgeRow } from '../../../../src/replay/grid/judge-row.js'
import { patchedState } from '../../../../src/replay/grid/patched.js'
import { type Checkpoints, makeCheckpoints, runCase } from '../../../../src/replay/grid/run-case.js'
import { BOOTED, describeWithKernel } from '../../../material.js'
import { gridTable } from './tables.js'

const DAY = Math.floor(Date.now() / 86_400_000)
/** One release a day, and of it other cases each time. */
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

  const known = gridTable(RELEASE).rows.filter(row => row.predicted !== row.kernel)
  const differs = new Set(known.map(row => row.id))
  const cases = shuffled(gridCases(gridBase(RELEASE)), String(DAY))
    .filter(row => !differs.has(row.id))
    .slice(0, CASES)

  it.each(cases.map(row => [row.id, row] as const))(
    '%s: the kernel does what is predicted',
    async (_, row) => {
      const { state: sound } = await patchedState(base, null)
      const { state } = await patchedState(base, row)
      const observed = await runCase(points, row, state)
      const { memory, cmdline, image } = points.preparation
      const judged = await judgeRow(base, sound!, {
        ...row,
        kernel: image.release!,
        memory,
        cmdline,
        observed,
      })
      expect({ word: judged.predicted.word, why: judged.kernel.why }).toEqual({
        word: judged.kernel.word,
        why: judged.kernel.why,
      })
    },
    180_000,
  )
})
