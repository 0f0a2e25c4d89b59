import type { Range } from '../../../formats/memory/range.js'

/** How memory is folded into rows of cells. */
export interface Grid {
  range: Range
  columns: number
  rows: number
  /** Bytes of a cell: a power of two, at least a page. */
  cellBytes: number
  /** Where the first cell begins: a multiple of a row. */
  start: number
}

/** The grid that shows a range in at most so many cells, with cells as small as that allows. */
export function gridOf(range: Range, columns: number, mostRows: number, pageSize: number): Grid {
  let cellBytes = pageSize
  while (rowsOf(range, columns * cellBytes) > mostRows) cellBytes *= 2
  const row = columns * cellBytes
  const start = range.start - (range.start % row)
  return { range, columns, rows: Math.max(1, rowsOf(range, row)), cellBytes, start }
}

function rowsOf({ start, end }: Range, row: number): number {
  return Math.ceil(end / row) - Math.floor(start / row)
}

/** The address of the cell under a point, given in cells from the top left. */
export function addressAt(grid: Grid, column: number, row: number): number {
  return grid.start + (row * grid.columns + column) * grid.cellBytes
}

/** A range of half or double the size around an address that keeps its place, inside `all`. */
export function zoomed(view: Range, all: Range, at: number, factor: number, least: number): Range {
  const size = Math.min(all.end - all.start, Math.max(least, (view.end - view.start) * factor))
  const share = (at - view.start) / (view.end - view.start)
  const start = Math.min(Math.max(all.start, at - size * share), all.end - size)
  return { start, end: start + size }
}

/** A range moved by a share of itself, inside `all`. */
export function moved(view: Range, all: Range, share: number): Range {
  const size = view.end - view.start
  const start = Math.min(Math.max(all.start, view.start + size * share), all.end - size)
  return { start, end: start + size }
}
