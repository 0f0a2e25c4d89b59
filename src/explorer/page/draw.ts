import type { Range } from '../../../formats/memory/range.js'
import { cellsOf, coverageOf, NOTHING } from '../../map/cells.js'
import type { Layer } from '../../map/layer.js'
import type { MemoryMap } from '../../map/memory-map.js'
import type { Grid } from './grid.js'
import { CHANGE_COLOURS, orderColour, ownerColours } from './palette.js'
import type { MapMode } from './store.js'

/** What is drawn. */
export interface Picture {
  map: MemoryMap
  mode: MapMode
  changes: Layer | null
  /** Memory that early boot may write. */
  extended: readonly Range[]
  selected: Range | null
}

/** Colours of the page, out of its style. */
export interface Ink {
  ram: string
  none: string
  mark: string
  extended: string
}

/** How strong a cell is of which next to nothing is somebody's: it is to be seen all the same. */
const LEAST_INK = 0.45

/** Draws a grid of memory into a canvas whose cells are `cell` device pixels wide and high. */
export function drawMap(
  context: CanvasRenderingContext2D,
  grid: Grid,
  picture: Picture,
  cell: number,
  ink: Ink,
): void {
  const count = grid.columns * grid.rows
  const range = { start: grid.start, end: grid.start + count * grid.cellBytes }
  const ram = coverageOf(picture.map.ram, range, count)
  const extended = coverageOf(picture.extended, range, count)
  const { layer, colours } = layerOf(picture)
  const main = cellsOf(layer, range, count)
  const other = picture.mode === 'owner' ? cellsOf(picture.map.unpreserved, range, count) : null
  const owners = other === null ? [] : ownerColours(picture.map.owners)
  context.clearRect(0, 0, grid.columns * cell, grid.rows * cell)
  const gap = cell >= 6 ? 1 : 0
  for (let n = 0; n < count; n++) {
    const x = (n % grid.columns) * cell
    const y = Math.floor(n / grid.columns) * cell
    const paint = (colour: string, share: number, least = LEAST_INK) => {
      context.globalAlpha = least + (1 - least) * Math.min(1, share)
      context.fillStyle = colour
      context.fillRect(x, y, cell - gap, cell - gap)
    }
    const covered = ram[n] as number
    if (covered > 0 || picture.map.ram.length === 0) paint(ink.ram, covered / grid.cellBytes, 0.25)
    else paint(ink.none, 0, 0.25)
    if (other !== null && other.values[n] !== NOTHING) {
      paint(owners[other.values[n] as number]!, (other.bytes[n] as number) / grid.cellBytes)
    }
    const value = main.values[n] as number
    if (value !== NOTHING) paint(colours(value), (main.bytes[n] as number) / grid.cellBytes)
    if ((extended[n] as number) > 0) stripe(context, x, y, cell - gap, ink.extended)
  }
  context.globalAlpha = 1
  if (picture.selected !== null) outline(context, grid, picture.selected, cell, ink.mark)
}

function layerOf({ map, mode, changes }: Picture): { layer: Layer; colours(value: number): string } {
  if (mode === 'order') return { layer: map.orders, colours: orderColour }
  if (mode === 'diff' && changes !== null) {
    return { layer: changes, colours: value => CHANGE_COLOURS[value as 0 | 1 | 2 | 3] }
  }
  const owners = ownerColours(map.owners)
  return { layer: map.preserved, colours: value => owners[value]! }
}

function stripe(context: CanvasRenderingContext2D, x: number, y: number, size: number, colour: string): void {
  context.globalAlpha = 0.5
  context.fillStyle = colour
  context.fillRect(x, y + size - Math.max(1, size / 5), size, Math.max(1, size / 5))
}

/** A line around the selected cells of each row. */
function outline(
  context: CanvasRenderingContext2D,
  grid: Grid,
  { start, end }: Range,
  cell: number,
  colour: string,
): void {
  const first = Math.max(0, Math.floor((start - grid.start) / grid.cellBytes))
  const last = Math.min(
    grid.columns * grid.rows,
    Math.max(first + 1, Math.ceil((end - grid.start) / grid.cellBytes)),
  )
  context.strokeStyle = colour
  context.lineWidth = 2
  for (let row = Math.floor(first / grid.columns); row * grid.columns < last; row++) {
    const from = Math.max(first, row * grid.columns) - row * grid.columns
    const to = Math.min(last, (row + 1) * grid.columns) - row * grid.columns
    context.strokeRect(from * cell, row * cell, (to - from) * cell, cell)
  }
}
