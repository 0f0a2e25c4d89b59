import type { BootRow, ReleaseCosts } from './measure.js'
import { table } from './table.js'

/**
 * What the models of `kho compare` come to for the same sets, in instructions: a constant for each block, taken from the
 * run, and one for each region squared, taken from the smallest scattered set. The larger ones are what tests them.
 */
export interface FittedModel {
  perBlock: number
  perRegionSquared: number
  /** How far off it is on the largest scattered set: (model - counted) / counted. */
  error: number
}

/** Sets with fewer regions than this are no scattered ones. */
const SCATTERED = 100

/** Fits the model to one release's counts. */
export function fitModel({ boot }: ReleaseCosts): FittedModel {
  const scattered = boot.filter(({ regions }) => regions >= SCATTERED).sort((a, b) => a.regions - b.regions)
  const run = boot.filter(({ regions }) => regions < SCATTERED).sort((a, b) => b.blocks - a.blocks)[0]!
  const perBlock = run.reserve / run.blocks
  const [smallest, largest] = [scattered[0]!, scattered.at(-1)!]
  const perRegionSquared = (smallest.reserve - perBlock * smallest.blocks) / smallest.regions ** 2
  const predicted = perBlock * largest.blocks + perRegionSquared * largest.regions ** 2
  return { perBlock, perRegionSquared, error: (predicted - largest.reserve) / largest.reserve }
}

const HEAD = [
  'release',
  '1,000 pages',
  '2,000',
  '4,000',
  '8,000',
  '8,192 in a run',
  'a block',
  'a region²',
  'model',
]

/** The table of docs/compare.md: millions of instructions of kho_memory_init(), and the model that they give. */
export function costsPage(rows: readonly ReleaseCosts[]): string {
  const lines = rows.map(row => {
    const [, ...sets] = row.boot
    const { perBlock, perRegionSquared, error } = fitModel(row)
    const model = [Math.round(perBlock).toString(), perRegionSquared.toFixed(1), percent(error)]
    return [row.release, ...sets.map(millions), ...model]
  })
  return table(HEAD, lines)
}

function millions({ reserve }: BootRow): string {
  return (reserve / 1e6).toFixed(1)
}

function percent(error: number): string {
  return `${error < 0 ? '−' : '+'}${Math.abs(error * 100).toFixed(1)} %`
}
