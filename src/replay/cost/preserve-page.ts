import type { PreserveCosts } from './preserve.js'
import { table } from './table.js'

/**
 * Instructions of LUO's ioctl for one more page of a memfd of single pages, between the smallest and the largest: what is fixed
 * falls out. Null where the kernel preserves none.
 */
export function pageRate({ rows }: PreserveCosts): number | null {
  const memfds = rows.flatMap(({ memfd }) => (memfd === null ? [] : [memfd]))
  const [first, last] = [memfds[0], memfds.at(-1)]
  if (first === undefined || last === undefined) return null
  return (last.preserve - first.preserve) / (last.pages - first.pages)
}

const NONE = '–'

/** The table of docs/compare.md: thousands of instructions of each set, and what one more page costs. */
export function preservePage(costs: readonly PreserveCosts[]): string {
  const widest = costs.find(release => pageRate(release) !== null)!
  const sizes = widest.rows.map(({ memfd }) => (memfd?.pages ?? 0).toLocaleString('en'))
  const head = ['release', ...sizes.map(size => `${size} pages`), 'a page', 'finalize, by folios of kho_test']
  const lines = costs.map(release => {
    const finalized = release.rows.filter(({ finalize }) => finalize !== null)
    return [
      release.release,
      ...release.rows.map(({ memfd }) => thousands(memfd?.preserve ?? null)),
      pageRate(release)?.toFixed(0) ?? NONE,
      finalized.map(({ folios, finalize }) => `${folios}: ${thousands(finalize)}`).join(', ') || NONE,
    ]
  })
  return table(head, lines)
}

function thousands(instructions: number | null): string {
  return instructions === null ? NONE : (instructions / 1000).toFixed(0)
}
