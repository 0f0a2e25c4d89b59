import { OUTCOME_WORDS } from '../../validate/verdict.js'
import type { GridTable } from './table.js'

/** How often each word came of each prediction. */
export type Matrix = Map<string, Map<string, number>>

/** Counts pairs of what was predicted and what was seen. */
export function countPairs(pairs: Iterable<readonly [predicted: string, kernel: string]>): Matrix {
  const matrix: Matrix = new Map()
  for (const [predicted, kernel] of pairs) {
    const row = matrix.get(kernel) ?? new Map<string, number>()
    row.set(predicted, (row.get(predicted) ?? 0) + 1)
    matrix.set(kernel, row)
  }
  return matrix
}

/** A matrix as a table of Markdown: what kernels did down, predictions across, worst last. */
export function matrixPage(matrix: Matrix): string {
  const words: readonly string[] = WORDS
  const used = words.filter(word => [...matrix.values()].some(row => row.has(word)))
  const head = ['kernel \\ predicted', ...used]
  const lines = words
    .filter(word => matrix.has(word))
    .map(word => [word, ...used.map(other => String(matrix.get(word)!.get(other) ?? 0))])
  const widths = head.map((_, n) => Math.max(3, ...[head, ...lines].map(cells => cells[n]!.length)))
  const rule = widths.map(width => '-'.repeat(width))
  return [head, rule, ...lines]
    .map(cells => `| ${cells.map((cell, n) => cell.padEnd(widths[n]!)).join(' | ')} |`)
    .join('\n')
}

/** Every word, those of trouble last. */
const WORDS = ['ok', ...OUTCOME_WORDS.filter(word => word !== 'ok').reverse()]

const NOT_OK = ['oops', 'loop', 'rejected', 'error-reported']

/** The page with the matrices of tables between its marks. */
export function withMatrices(page: string, tables: readonly GridTable[]): string {
  return between(page, 'matrices', [summary(tables), ...tables.map(section)])
}

/** The page with the matrix of a corpus between its marks. */
export function withCorpus(page: string, table: GridTable): string {
  const { rows } = table
  const same = rows.filter(row => row.predicted === row.kernel).length
  const head = `${rows.length} images; ${same} came to what was predicted; ${calledOk(rows)} were called ok where the kernel's code faulted, hung, refused or complained.`
  return between(page, 'corpus', [head, ...body(table)])
}

function between(page: string, name: string, sections: readonly string[]): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const before = page.slice(0, page.indexOf(begin) + begin.length)
  return `${before}\n\n${sections.join('\n\n')}\n\n${page.slice(page.indexOf(end))}`
}

function summary(tables: readonly GridTable[]): string {
  const rows = tables.flatMap(table => table.rows)
  const same = rows.filter(row => row.predicted === row.kernel).length
  const share = ((100 * same) / rows.length).toFixed(1)
  return `${rows.length} cases on ${tables.length} kernels; ${same} (${share} %) did what was predicted; ${calledOk(rows)} were called ok where the kernel died, hung, refused or complained.`
}

function calledOk(rows: GridTable['rows']): number {
  return rows.filter(row => row.predicted === 'ok' && NOT_OK.includes(row.kernel)).length
}

function section(table: GridTable): string {
  return [`### Linux ${table.kernel.replace(/-.*/, '')}`, ...body(table)].join('\n\n')
}

function body({ rows }: GridTable): string[] {
  const differ = rows.filter(row => row.predicted !== row.kernel)
  const matrix = countPairs(rows.map(row => [row.predicted, row.kernel] as const))
  const list = differ.map(
    ({ id, predicted, kernel: seen, note }) => `- \`${id}\`: predicted ${predicted}, was ${seen}: ${note}`,
  )
  return [matrixPage(matrix), ...(list.length === 0 ? [] : [list.join('\n')])]
}
