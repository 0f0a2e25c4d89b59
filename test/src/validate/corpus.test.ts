import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type CorpusImage, corpusCases, corpusRow, judgeImage } from '../../../src/replay/grid/corpus.js'
import { withCorpus } from '../../../src/replay/grid/page.js'
import { readTable } from '../../../src/replay/grid/table.js'
import { describeWith, material, namesIn, readJson } from '../../material.js'

const corpus = material('KHO_TEST_CORPUS') ?? ''
const FOLDERS = ['v5', 'kho-v1-6.16', 'kho-v1-6.19', 'kho-v2-7.0', 'kho-v4-7.2']

describeWith('KHO_TEST_CORPUS', 'verdicts on images that kernels read', () => {
  const good = FOLDERS.flatMap(folder =>
    namesIn(join(corpus, folder), '.expected.json').map(name => `${folder}/${name}`),
  ).filter(
    name => !name.includes('overlap_') && !readJson<CorpusImage>(corpus, `${name}.expected.json`).quirk,
  )

  it.each(good)('%s is ok, without an error', async name => {
    const { outcome, findings } = await judgeImage(corpus, name)
    expect(findings.filter(finding => finding.severity === 'error')).toEqual([])
    expect(outcome.word).toBe('ok')
  })

  it('predicts of each broken image what the table says', async () => {
    const { rows } = readTable(readFileSync('fixtures/grid/corpus.tsv', 'utf8'))
    const today: string[] = []
    for (const entry of corpusCases(corpus)) {
      const { id, predicted, kernel } = await corpusRow(corpus, entry)
      today.push(`${id}: ${kernel}, predicted ${predicted}`)
    }
    const table = rows.map(({ id, predicted, kernel }) => `${id}: ${kernel}, predicted ${predicted}`)
    expect(today.sort()).toEqual(table.sort())
  })

  it('has a finding for each broken image that comes to something else', async () => {
    for (const entry of corpusCases(corpus)) {
      if (entry.kernel.outcome !== 'accepted-different') continue
      const { findings } = await judgeImage(corpus, entry.base, entry)
      expect([entry.id, findings.some(({ severity }) => severity !== 'info')]).toEqual([entry.id, true])
    }
  })
})

/** Outcomes that nobody may be told are none. */
const HARD = ['oops', 'loop', 'rejected', 'error-reported']

describe('the table of broken images', () => {
  const table = readTable(readFileSync('fixtures/grid/corpus.tsv', 'utf8'))

  it('calls nothing hard ok, and nothing harmless anything else', () => {
    const { rows } = table
    expect(rows.length).toBeGreaterThan(100)
    expect(rows.filter(({ kernel, predicted }) => HARD.includes(kernel) && predicted !== kernel)).toEqual([])
    expect(rows.filter(({ kernel, predicted }) => kernel === 'ok' && predicted !== 'ok')).toEqual([])
  })

  it('says why, wherever prediction and kernel differ, and is what the page shows', () => {
    const differ = table.rows.filter(({ kernel, predicted }) => kernel !== predicted)
    expect(differ.filter(({ note }) => note === '')).toEqual([])
    const page = readFileSync('docs/grid.md', 'utf8')
    expect(withCorpus(page, table)).toBe(page)
  })
})
