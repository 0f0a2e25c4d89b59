import { ADDRESS_LIMIT } from '../../formats/memory/geometry.js'
import { type Range, sizeOfRanges } from '../../formats/memory/range.js'
import { type Cells, cellsOf, cellsOfAll, coverageOf, NOTHING } from './cells.js'
import type { CountedLayer, Layer } from './layer.js'
import { diffMaps, extentOfBoth, MAP_CHANGES } from './map-diff.js'
import type { MapKind, MapOwner, MemoryMap } from './memory-map.js'

/** What a letter can stand for. */
export const PICTURE_KINDS = [
  'data',
  'metadata',
  'blob',
  'orphan',
  'tracker',
  'scratch',
  'handoff',
  'opened',
  'order',
  'change',
  'other',
] as const

/** One letter of a picture. */
export interface LegendEntry {
  letter: string
  /** A path, an order, or what became of memory. */
  name: string
  kind: (typeof PICTURE_KINDS)[number]
  /** Bytes, of all that there is. */
  bytes: number
}

/** One cell: a stretch of memory. */
export interface PictureCell {
  address: number
  /** Who has most of it; `:` for RAM that nobody has and early boot may overwrite, `.` for other RAM, a blank for none. */
  letter: string
  /** Bytes of the cell that are preserved, or KHO's own. */
  bytes: number
  ram: number
}

/** Memory as rows of cells, with letters. */
export interface Picture {
  by: 'owner' | 'order' | 'change'
  /** From the first cell to behind the last one. */
  range: Range
  cellBytes: number
  columns: number
  rows: number
  legend: LegendEntry[]
  cells(): Iterable<PictureCell>
}

/** What a picture is drawn of. */
export interface Drawn {
  pageSize: number
  ram: readonly Range[]
  /** Lowest to highest address of anything that shows. */
  extent: Range
  owners: readonly MapOwner[]
  /** What letters stand for: values are indexes of the owners, orders, or indexes of `MAP_CHANGES`. */
  shown: readonly CountedLayer[]
  /** Shows where that has nothing; values are indexes of the owners. Null for `change`. */
  under: Layer | null
}

/** How a picture is to be drawn. */
export interface PictureOptions {
  by: 'owner' | 'order' | 'change'
  /** What it is compared with, for `change`. */
  second: MemoryMap | null
  /** Null for all that there is. */
  range: Range | null
  /** A power of two. */
  columns: number
  /** At the most. */
  rows: number
  /** What a kernel's early boot opens to its own allocations, besides scratch. Not shown for `change`. */
  opened?: { kernel: string; ranges: readonly Range[] }
}

const KIND_LETTERS: Readonly<Partial<Record<MapKind, string>>> = {
  orphan: '!',
  tracker: '#',
  scratch: '=',
  handoff: '>',
}
/** For owners, the largest first; all further ones share `*`. */
const OWNER_LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
const OTHER = '*'
/** RAM that early boot may overwrite. */
const OPENED = ':'
const ORDER_LETTERS = '0123456789abcdefghijklmnopqrstuvwxyz'
const CHANGE_LETTERS = ['=', '-', '+', '~'] as const

/** Draws the map of a state, or what changed between two. */
export function pictureOf(map: MemoryMap, options: PictureOptions): Picture {
  const { by, second } = options
  if (by === 'owner') return drawPicture({ ...map, shown: [map.preserved], under: map.unpreserved }, options)
  if (by === 'order' || second === null) {
    return drawPicture({ ...map, shown: [map.orders], under: map.unpreserved }, { ...options, by: 'order' })
  }
  const extent = extentOfBoth(map, second)
  return drawPicture({ ...map, extent, shown: [diffMaps(map, second)], under: null }, options)
}

/** The same of what is at hand. */
export function drawPicture(map: Drawn, options: Omit<PictureOptions, 'second'>): Picture {
  const { columns, by } = options
  const wanted = options.range ?? map.extent
  const pageSize = Math.max(map.pageSize, 1)
  let cellBytes = pageSize
  while (rowsOf(wanted, columns * cellBytes) > options.rows) cellBytes *= 2
  const row = columns * cellBytes
  const rows = Math.max(1, rowsOf(wanted, row))
  const start = wanted.start - (wanted.start % row)
  const range = { start, end: start + rows * row }
  const { letters, underLetters, legend } = letteringOf(map, by)
  const opened = by === 'change' ? undefined : options.opened
  if (opened !== undefined && opened.ranges.length > 0) {
    const name = `early boot of ${opened.kernel} may overwrite it`
    legend.push(entry(OPENED, name, 'opened', sizeOfRanges(opened.ranges)))
  }
  return {
    by,
    range,
    cellBytes,
    columns,
    rows,
    legend,
    *cells() {
      const count = columns * rows
      const drawn = cellsOfAll(map.shown, range, count)
      const below = map.under === null ? null : cellsOf(map.under, range, count)
      const ram = coverageOf(map.ram, range, count)
      const lost = coverageOf(opened?.ranges ?? [], range, count)
      for (let n = 0; n < count; n++) {
        const address = range.start + n * cellBytes
        const cell = cellAt(address, n, drawn, letters, below, underLetters, ram[n] as number)
        const bytes = lost[n] as number
        yield cell.letter === '.' && bytes * 2 >= cell.ram ? { ...cell, letter: OPENED, bytes } : cell
      }
    },
  }
}

function cellAt(
  address: number,
  n: number,
  drawn: Cells,
  letters: readonly string[],
  below: Cells | null,
  belowLetters: readonly string[],
  ram: number,
): PictureCell {
  const value = drawn.values[n] as number
  if (value !== NOTHING) return { address, letter: letters[value]!, bytes: drawn.bytes[n] as number, ram }
  const other = below === null ? NOTHING : (below.values[n] as number)
  if (below !== null && other !== NOTHING) {
    return { address, letter: belowLetters[other]!, bytes: below.bytes[n] as number, ram }
  }
  return { address, letter: ram > 0 ? '.' : ' ', bytes: 0, ram }
}

function rowsOf({ start, end }: Range, row: number): number {
  return Math.ceil(end / row) - Math.floor(start / row)
}

interface Lettering {
  letters: readonly string[]
  underLetters: readonly string[]
  legend: LegendEntry[]
}

function letteringOf(map: Drawn, by: Picture['by']): Lettering {
  const owners = ownerLetters(map)
  if (by === 'owner') return { ...owners, underLetters: owners.letters }
  const bytes = bytesByValue(map.shown)
  if (by === 'change') {
    const legend = MAP_CHANGES.map((name, n) => entry(CHANGE_LETTERS[n]!, name, 'change', bytes.get(n) ?? 0))
    return { letters: CHANGE_LETTERS, underLetters: [], legend }
  }
  const used = [...bytes.keys()].sort((a, b) => a - b)
  const letters = Array.from({ length: (used.at(-1) ?? 0) + 1 }, (_, order) => ORDER_LETTERS[order] ?? OTHER)
  const legend = used.map(order => entry(letters[order]!, `order ${order}`, 'order', bytes.get(order)!))
  const own = owners.legend.filter(
    ({ kind }) => kind === 'tracker' || kind === 'scratch' || kind === 'handoff',
  )
  return { letters, underLetters: owners.letters, legend: [...legend, ...own] }
}

function ownerLetters(map: Pick<Drawn, 'owners'>): { letters: string[]; legend: LegendEntry[] } {
  const letters = map.owners.map(({ kind }) => KIND_LETTERS[kind] ?? OTHER)
  const legend: LegendEntry[] = []
  const named = map.owners
    .map((owner, index) => ({ owner, index }))
    .filter(({ owner }) => KIND_LETTERS[owner.kind] === undefined)
    .sort((a, b) => b.owner.bytes - a.owner.bytes || (a.owner.path < b.owner.path ? -1 : 1))
  named.slice(0, OWNER_LETTERS.length).forEach(({ owner, index }, n) => {
    letters[index] = OWNER_LETTERS[n]!
    legend.push(entry(OWNER_LETTERS[n]!, owner.path, owner.kind, owner.bytes))
  })
  const rest = named.slice(OWNER_LETTERS.length)
  if (rest.length > 0) {
    const bytes = rest.reduce((sum, { owner }) => sum + owner.bytes, 0)
    legend.push(entry(OTHER, `${rest.length} more owners`, 'other', bytes))
  }
  for (const [kind, letter] of Object.entries(KIND_LETTERS) as [MapKind, string][]) {
    const sum = map.owners.reduce((all, owner) => all + (owner.kind === kind ? owner.bytes : 0), 0)
    // Areas that a broken hand-over names may overlap, and come to more than there can be of memory.
    const bytes = Math.min(sum, ADDRESS_LIMIT)
    if (bytes > 0) legend.push(entry(letter, KIND_NAMES[kind] ?? kind, kind, bytes))
  }
  return { letters, legend }
}

const KIND_NAMES: Readonly<Partial<Record<MapKind, string>>> = {
  orphan: 'claimed by nobody',
  tracker: 'tracker, not preserved',
  scratch: 'scratch',
  handoff: 'what hands over',
}

function entry(letter: string, name: string, kind: LegendEntry['kind'], bytes: number): LegendEntry {
  return { letter, name, kind, bytes }
}

/** Bytes of each value that has any. */
function bytesByValue(layers: readonly CountedLayer[]): Map<number, number> {
  const found = new Map<number, number>()
  for (const { count, starts, ends, values, bytesIn } of layers) {
    for (let n = 0; n < count; n++) {
      const bytes = bytesIn?.(starts[n]!, ends[n]!) ?? ends[n]! - starts[n]!
      if (bytes > 0) found.set(values[n]!, (found.get(values[n]!) ?? 0) + bytes)
    }
  }
  return found
}
