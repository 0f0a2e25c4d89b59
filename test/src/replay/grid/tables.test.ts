import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { gridBase } from '../../../../src/replay/grid/base-state.js'
import { gridCases } from '../../../../src/replay/grid/cases.js'
import { predictCase } from '../../../../src/replay/grid/judge-row.js'
import { countPairs, matrixPage, withMatrices } from '../../../../src/replay/grid/page.js'
import { patchedState } from '../../../../src/replay/grid/patched.js'
import { readReasons, reasonFor, writeTable } from '../../../../src/replay/grid/table.js'
import { BOOTED } from '../../../material.js'
import { gridTable } from './tables.js'

const NOT_OK = ['oops', 'loop', 'rejected', 'error-reported']

describe.each(BOOTED)('what Linux %s did with broken states', release => {
  const table = gridTable(release)

  it('is predicted today as the table says', async () => {
    const base = gridBase(release)
    const cases = new Map(gridCases(base).map(row => [row.id, row]))
    const today: [string, string, string][] = []
    for (const { id } of table.rows) {
      const row = cases.get(id) ?? null
      if (row === null && id !== 'sound state') throw new Error(`${id} is no case of today's grid`)
      const { word, why } = predictCase(base, await patchedState(base, row), table)
      today.push([id, word, why.join(' ')])
    }
    expect(today).toEqual(table.rows.map(({ id, predicted, rules }) => [id, predicted, rules.join(' ')]))
  }, 120_000)

  it('is what was predicted, or says why no image could tell', () => {
    const differ = table.rows.filter(row => row.predicted !== row.kernel)
    expect(table.rows.length).toBeGreaterThan(100)
    expect(differ.filter(row => row.note === '').map(row => row.id)).toEqual([])
  })

  it('is never called ok where the kernel died, hung, refused or complained', () => {
    const wrong = table.rows.filter(row => row.predicted === 'ok' && NOT_OK.includes(row.kernel))
    expect(wrong.map(row => row.id)).toEqual([])
  })
})

describe('tables', () => {
  it('agree with predictions in 98 of 100 cases, unseen ones included', () => {
    const rows = BOOTED.flatMap(release => gridTable(release).rows)
    const same = rows.filter(row => row.predicted === row.kernel)
    expect(same.length / rows.length).toBeGreaterThanOrEqual(0.98)
  })

  it('are those of the page', () => {
    const page = readFileSync('docs/grid.md', 'utf8')
    expect(withMatrices(page, BOOTED.map(gridTable))).toBe(page)
  })

  it('are written as they are read', () => {
    const table = gridTable('7.2.13')
    expect(writeTable(table).split('\n')).toHaveLength(table.rows.length + 3)
    expect(gridTable('7.2.13')).toEqual(table)
  })

  it('take the first reason that fits', () => {
    const reasons = readReasons(
      '# releases, cases\n6\\.1[78].*\tmap/.*\tfirst\n.*\tmap/chunk.next = 0\tsecond\n',
    )
    expect(reasonFor(reasons, '6.17.8-khotest', 'map/chunk.next = 0')).toBe('first')
    expect(reasonFor(reasons, '7.2.13', 'map/chunk.next = 0')).toBe('second')
    expect(reasonFor(reasons, '7.2.13', 'map/table3.used = 0')).toBe('')
  })

  it('are counted in pairs', () => {
    const matrix = countPairs([
      ['ok', 'ok'],
      ['oops', 'loop'],
      ['ok', 'ok'],
    ])
    expect(matrixPage(matrix)).toBe(
      [
        '| kernel \\ predicted | ok  | oops |',
        '| ------------------ | --- | ---- |',
        '| ok                 | 2   | 0    |',
        '| loop               | 0   | 1    |',
      ].join('\n'),
    )
  })
})
