import { useSignal, useSignalEffect } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { firstPieceAfter } from '../../map/layer.js'
import type { WhoisRow } from '../protocol.js'
import { drawMap, type Ink } from './draw.js'
import { countText, hexText, sizeText } from './format.js'
import { addressAt, type Grid, gridOf, moved, zoomed } from './grid.js'
import { MapLegend } from './map-legend.js'
import {
  ask,
  boot,
  bounds,
  changes,
  extent,
  mode,
  type Shown,
  select,
  selection,
  shown,
  side,
  tab,
  view,
} from './store.js'

const MOST_ROWS = 40
/** Columns are a power of two, so that rows begin at round addresses. */
const COLUMNS = [128, 64, 32, 16] as const
const LEAST_CELL = 8
/** Room for the addresses that rows begin with. */
const GUTTER = 100
/** Rows between two addresses. */
const LABELLED = 4

interface Drawn {
  grid: Grid
  /** CSS pixels of a cell. */
  cell: number
}

/** Physical memory as rows of cells. Wheel and keys zoom, hover says what is there, a click selects it. */
export function MapView() {
  const canvas = useRef<HTMLCanvasElement>(null)
  const drawn = useRef<Drawn | null>(null)
  const hover = useSignal<{ x: number; y: number; text: string[] } | null>(null)
  const grid = useSignal<Drawn | null>(null)
  const redraw = () => {
    const element = canvas.current
    if (element === null || shown.value === null) return
    drawn.current = paint(element, shown.value)
    grid.value = drawn.current
  }
  useSignalEffect(redraw)
  useEffect(() => {
    const observer = new ResizeObserver(redraw)
    const element = canvas.current
    if (element?.parentElement) observer.observe(element.parentElement)
    const scheme = matchMedia('(prefers-color-scheme: dark)')
    scheme.addEventListener('change', redraw)
    return () => {
      observer.disconnect()
      scheme.removeEventListener('change', redraw)
    }
  }, [])
  if (shown.value === null) return null
  const at = (event: MouseEvent) => pointed(drawn.current, event)
  return (
    <section class="map" aria-label="Map of physical memory">
      <MapBar />
      <div class="map-body">
        <Addresses drawn={grid.value} />
        <canvas
          ref={canvas}
          tabIndex={0}
          role="img"
          aria-label={`Cells of physical memory, ${mapSummary()}; use plus, minus and the arrow keys to zoom and move`}
          onWheel={event => {
            event.preventDefault()
            const address = at(event)
            if (address !== null) zoom(address, event.deltaY < 0 ? 0.5 : 2)
          }}
          onMouseMove={event => {
            const address = at(event)
            const { offsetX: x, offsetY: y } = event
            hover.value = address === null ? null : { x, y, text: describe(address) }
          }}
          onMouseLeave={() => {
            hover.value = null
          }}
          onClick={event => {
            const address = at(event)
            if (address !== null) void pick(address)
          }}
          onDblClick={event => {
            const address = at(event)
            if (address !== null) zoom(address, 0.25)
          }}
          onKeyDown={onKey}
        />
        {hover.value !== null && (
          <div
            class="tip"
            style={{ left: `${hover.value.x + GUTTER + 14}px`, top: `${hover.value.y + 14}px` }}
          >
            {hover.value.text.map(line => (
              <div key={line}>{line}</div>
            ))}
          </div>
        )}
      </div>
      <MapLegend />
    </section>
  )
}

/** Where rows begin. */
function Addresses({ drawn }: { drawn: Drawn | null }) {
  if (drawn === null) return null
  const { grid, cell } = drawn
  const rows = Array.from({ length: Math.ceil(grid.rows / LABELLED) }, (_, n) => n * LABELLED)
  return (
    <ol class="addresses" aria-hidden="true" style={{ width: `${GUTTER}px` }}>
      {rows.map(row => (
        <li key={row} style={{ height: `${cell * LABELLED}px` }}>
          {hexText(addressAt(grid, 0, row))}
        </li>
      ))}
    </ol>
  )
}

function MapBar() {
  const { start, end } = view.value
  return (
    <div class="bar">
      <span class="range">
        {hexText(start)} to {hexText(end)} · {sizeText(end - start)}
      </span>
      <span class="grow" />
      {(['owner', 'order', 'diff'] as const)
        .filter(name => name !== 'diff' || changes.value !== null)
        .map(name => (
          <button
            key={name}
            type="button"
            aria-pressed={mode.value === name}
            onClick={() => {
              mode.value = name
            }}
          >
            {name === 'diff' ? 'changes' : `by ${name}`}
          </button>
        ))}
      <button type="button" title="Zoom in (+)" onClick={() => zoom((start + end) / 2, 0.5)}>
        +
      </button>
      <button type="button" title="Zoom out (-)" onClick={() => zoom((start + end) / 2, 2)}>
        −
      </button>
      <button
        type="button"
        title="Whole machine (0)"
        onClick={() => {
          view.value = extent.value
        }}
      >
        all
      </button>
    </div>
  )
}

function paint(element: HTMLCanvasElement, { map }: Shown): Drawn {
  const width = element.parentElement?.clientWidth ?? 800
  const columns = COLUMNS.find(count => (width - GUTTER) / count >= LEAST_CELL) ?? 16
  const cell = Math.floor((width - GUTTER) / columns)
  const grid = gridOf(view.value, columns, MOST_ROWS, map.pageSize)
  const ratio = window.devicePixelRatio || 1
  element.width = columns * cell * ratio
  element.height = grid.rows * cell * ratio
  element.style.width = `${columns * cell}px`
  element.style.height = `${grid.rows * cell}px`
  const context = element.getContext('2d')
  if (context !== null) {
    const picture = {
      map,
      mode: mode.value,
      changes: changes.value,
      extended: boot.value?.extended ?? [],
      selected: selection.value.range,
    }
    drawMap(context, grid, picture, cell * ratio, inkOf(element))
  }
  return { grid, cell }
}

function inkOf(element: HTMLElement): Ink {
  const style = getComputedStyle(element)
  const colour = (name: string) => style.getPropertyValue(name).trim()
  return {
    ram: colour('--ram'),
    none: colour('--none'),
    mark: colour('--mark'),
    extended: colour('--extended'),
  }
}

function pointed(drawn: Drawn | null, event: MouseEvent): number | null {
  if (drawn === null) return null
  const { grid, cell } = drawn
  const column = Math.floor(event.offsetX / cell)
  const row = Math.floor(event.offsetY / cell)
  if (column < 0 || row < 0 || column >= grid.columns || row >= grid.rows) return null
  return addressAt(grid, column, row)
}

function zoom(address: number, factor: number): void {
  view.value = zoomed(view.value, bounds.value, address, factor)
}

function onKey(event: KeyboardEvent): void {
  const middle = (view.value.start + view.value.end) / 2
  const moves: Readonly<Record<string, () => void>> = {
    '+': () => zoom(middle, 0.5),
    '=': () => zoom(middle, 0.5),
    '-': () => zoom(middle, 2),
    '0': () => {
      view.value = extent.value
    },
    ArrowUp: () => pan(-0.25),
    ArrowDown: () => pan(0.25),
    ArrowLeft: () => pan(-0.05),
    ArrowRight: () => pan(0.05),
  }
  const move = Object.hasOwn(moves, event.key) ? moves[event.key] : undefined
  if (move === undefined) return
  event.preventDefault()
  move()
}

function pan(share: number): void {
  view.value = moved(view.value, bounds.value, share)
}

/** What the map itself knows of an address: no question to the worker while the mouse moves. */
function describe(address: number): string[] {
  const current = shown.value
  if (current === null) return []
  const { preserved, unpreserved, orders, owners, ram } = current.map
  const lines = [hexText(address)]
  const piece = firstPieceAfter(preserved, address)
  if (piece < preserved.count && (preserved.starts[piece] as number) <= address) {
    const owner = owners[preserved.values[piece] as number]!
    lines.push(owner.kind === 'orphan' ? 'preserved, claimed by nobody' : owner.path)
    const run = firstPieceAfter(orders, address)
    if (run < orders.count && (orders.starts[run] as number) <= address) {
      lines.push(`order ${orders.values[run]}`)
    }
    return lines
  }
  const other = firstPieceAfter(unpreserved, address)
  if (other < unpreserved.count && (unpreserved.starts[other] as number) <= address) {
    lines.push(`${owners[unpreserved.values[other] as number]!.path}, not preserved`)
    return lines
  }
  const inRam = ram.some(({ start, end }) => address >= start && address < end)
  lines.push(inRam ? 'RAM, not preserved' : 'no RAM that the dump knows of')
  return lines
}

async function pick(address: number): Promise<void> {
  const size = shown.value?.map.pageSize ?? 4096
  const who: WhoisRow = await ask('whois', { side: side.value, address })
  const start = who.block?.address ?? address - (address % size)
  const bytes = who.block === null ? size : size * 2 ** who.block.order
  select(who.owners[0] ?? null, { start, end: start + bytes })
  tab.value = 'hex'
}

/** How much is shown, for people who cannot see the map. */
function mapSummary(): string {
  const current = shown.value
  if (current === null) return ''
  const { blocks, bytes } = current.opened.totals
  return `${countText(blocks)} blocks, ${sizeText(bytes)}`
}
