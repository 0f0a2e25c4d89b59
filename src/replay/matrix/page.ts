import { type Reason, reasonFor } from '../grid/table.js'
import { cellId, faultsOfCell, type MatrixCell } from './table.js'

const BEGIN = '<!-- matrix -->'
const END = '<!-- /matrix -->'

/** The page with the tables of cells between its marks. */
export function withMatrix(page: string, cells: readonly MatrixCell[], reasons: readonly Reason[]): string {
  const before = page.slice(0, page.indexOf(BEGIN) + BEGIN.length)
  const after = page.slice(page.indexOf(END))
  const unchanged = cells.filter(({ how }) => how === 'unchanged')
  const converted = cells.filter(({ how }) => how === 'converted')
  const parts = [
    summary(cells, reasons),
    '**As it was left.** What the kernel did; where `kho abi` or `kho validate` says something else, that too.',
    tableOf(unchanged, ({ kernel }) => kernel),
    '**Converted** by `kho convert --to ABI --blobs RELEASE`: memfds that came back with every byte, and blocks kept, of those in the map.',
    tableOf(converted, convertedCell),
    ...exceptions(cells, reasons),
  ]
  return `${before}\n\n${parts.join('\n\n')}\n\n${after}`
}

function summary(cells: readonly MatrixCell[], reasons: readonly Reason[]): string {
  const odd = cells.filter(cell => faultsOfCell(cell).length > 0)
  const open = odd.filter(cell => reasonFor(reasons, cell.reader, cellId(cell)) === '')
  const seconds = cells.reduce((sum, cell) => sum + cell.seconds, 0)
  return `${cells.length} boots (${Math.round(seconds / 60)} minutes); ${cells.length - odd.length} as predicted, ${odd.length - open.length} not, with the reason below, ${open.length} unexplained.`
}

function convertedCell({ kernel, files, blocks }: MatrixCell): string {
  const came = files.wanted === 0 ? '' : `${files.same}/${files.wanted} memfds, `
  return `${kernel}: ${came}${blocks.kept}/${blocks.map} blocks`
}

function tableOf(cells: readonly MatrixCell[], show: (cell: MatrixCell) => string): string {
  const writers = [...new Set(cells.map(({ writer }) => writer))]
  const readers = [...new Set(cells.map(({ reader }) => reader))]
  const lines = writers.map(writer => [
    writer,
    ...readers.map(reader => {
      const cell = cells.find(other => other.writer === writer && other.reader === reader)
      if (cell === undefined) return '?'
      return faultsOfCell(cell).length > 0 ? `${show(cell)} \\*` : show(cell)
    }),
  ])
  const head = ['handed over by \\ to', ...readers]
  const widths = head.map((_, n) => Math.max(3, ...[head, ...lines].map(row => row[n]!.length)))
  return [head, widths.map(width => '-'.repeat(width)), ...lines]
    .map(row => `| ${row.map((text, n) => text.padEnd(widths[n]!)).join(' | ')} |`)
    .join('\n')
}

function exceptions(cells: readonly MatrixCell[], reasons: readonly Reason[]): string[] {
  const lines = cells.flatMap(cell => {
    const faults = faultsOfCell(cell)
    if (faults.length === 0) return []
    const why = reasonFor(reasons, cell.reader, cellId(cell)) || 'not explained'
    return [
      `- ${cell.writer} on ${cell.reader}, ${cell.how}: ${cell.kernel}, but ${faults.join(', ')}: ${why}`,
    ]
  })
  return lines.length === 0 ? [] : [lines.join('\n')]
}
