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

/** Some of all memory, in whole pages. */
export interface Bounds {
  all: Range
  pageSize: number
}

/** Pages that are shown at the least. */
const LEAST_PAGES = 512

/** A range of `factor` times the size around an address that keeps its place. */
export function zoomed(view: Range, bounds: Bounds, address: number, factor: number): Range {
  const at = Math.min(Math.max(address, view.start), view.end)
  const size = (view.end - view.start) * factor
  const share = (at - view.start) / (view.end - view.start)
  return placed(at - size * share, size, bounds)
}

/** A range moved by a share of itself. */
export function moved(view: Range, bounds: Bounds, share: number): Range {
  const size = view.end - view.start
  return placed(view.start + size * share, size, bounds)
}

/** A range with as much again on both sides. */
export function around({ start, end }: Range, bounds: Bounds): Range {
  const size = end - start
  return placed(start - size, 3 * size, bounds)
}

/** A range of about this size about there, inside of all memory. */
function placed(start: number, size: number, { all, pageSize }: Bounds): Range {
  const whole = Math.ceil(size / pageSize) * pageSize
  const bytes = Math.min(all.end - all.start, Math.max(LEAST_PAGES * pageSize, whole))
  const first = Math.min(Math.max(all.start, Math.floor(start / pageSize) * pageSize), all.end - bytes)
  return { start: first, end: first + bytes }
}
