import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ReleaseCosts } from '../../../src/replay/cost/measure.js'
import { costsPage, fitModel } from '../../../src/replay/cost/page.js'
import type { PreserveCosts } from '../../../src/replay/cost/preserve.js'
import { pageRate, preservePage } from '../../../src/replay/cost/preserve-page.js'
import { ROOT } from '../../built.js'

const COSTS = JSON.parse(readFileSync(join(ROOT, 'fixtures/costs/early-boot.json'), 'utf8')) as ReleaseCosts[]

const PRESERVE = JSON.parse(
  readFileSync(join(ROOT, 'fixtures/costs/preserve.json'), 'utf8'),
) as PreserveCosts[]

/** Those of x86-64, whose kernels have no word after their number. */
const releases = () =>
  readdirSync(join(ROOT, 'fixtures/releases'))
    .filter(name => /^[\d.]+$/.test(name))
    .sort()

describe('what real kernels take to preserve and to finalize', () => {
  it('has a figure for every release with a captured hand-over', () => {
    expect(PRESERVE.map(({ release }) => release)).toEqual(releases())
    for (const { rows } of PRESERVE) {
      for (const { finalize, memfd } of rows) expect(finalize ?? memfd?.preserve).toBeGreaterThan(0)
    }
  })

  it('is in docs/compare.md as it was counted', () => {
    expect(readFileSync(join(ROOT, 'docs/compare.md'), 'utf8')).toContain(preservePage(PRESERVE))
  })

  it('is a constant for each page, and no dearer with a tree than with a list', () => {
    const rates = new Map(PRESERVE.map(costs => [costs.release, pageRate(costs)]))
    const list = rates.get('6.19.11')!
    for (const release of ['7.1.13', '7.2.13', '7.3.4']) {
      expect(rates.get(release)! / list).toBeGreaterThan(0.8)
      expect(rates.get(release)! / list).toBeLessThan(1)
    }
  })
})

describe('what real kernels take', () => {
  it('has a figure for every release with a captured hand-over', () => {
    expect(COSTS.map(({ release }) => release)).toEqual(releases())
  })

  it('is in docs/compare.md as it was counted', () => {
    expect(readFileSync(join(ROOT, 'docs/compare.md'), 'utf8')).toContain(costsPage(COSTS))
  })

  it('is predicted by the form of the model to a tenth', () => {
    for (const costs of COSTS) expect(Math.abs(fitModel(costs).error)).toBeLessThan(0.1)
  })

  it('is fitted from the run and the smallest scattered set, and tested on the largest', () => {
    const row = (blocks: number, regions: number, reserve: number) => ({ blocks, regions, reserve, free: 0 })
    const costs = {
      release: '1.0',
      boot: [
        row(1, 1, 50),
        row(1000, 1000, 10_000 + 3_000_000),
        row(2000, 2000, 24_000_000),
        row(500, 1, 5000),
      ],
    }
    const { perBlock, perRegionSquared, error } = fitModel(costs)
    expect([perBlock, perRegionSquared]).toEqual([10, 3])
    expect(error).toBeCloseTo((20_000 + 12_000_000 - 24_000_000) / 24_000_000)
  })
})
