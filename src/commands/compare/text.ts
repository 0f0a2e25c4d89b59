import Table from 'cli-table3'
import { MEM_ENTRY } from '../../../formats/trackers/mem-array/index.js'
import type { Comparison, Row } from '../../compare/compare.js'
import { MOST_REGIONS_MEASURED } from '../../compare/figures.js'
import type { Cost, LookUp } from '../../compare/measure.js'
import type { JsonItem, JsonOf } from '../../render/json.js'
import type { Writer } from '../../render/writer.js'
import type { schema } from './schema.js'

/** The document of `kho compare --json`. */
export function compareJson({ set, geometry, ramBytes, rows, quoted }: Comparison): JsonOf<typeof schema> {
  return {
    schema: 'kho/compare/1',
    pageSize: geometry.pageSize,
    ramBytes,
    set: { ...set, orders: set.orders.map(row => ({ ...row })) },
    trackers: rows.map(rowJson),
    quoted: quoted.map(figure => ({ ...figure })),
  }
}

function rowJson({ tracker, cost, boot, refused }: Row): JsonItem<typeof schema, 'trackers'> {
  if (cost === null) return { tracker, refused, losses: [], costs: null }
  const { losses, how, blocks, atRest, finalize, handedOverBytes, allocations } = cost
  const { peakBytes, preserve, readBack, lookUp, lookUpHandedOver, units } = cost
  return {
    tracker,
    refused,
    losses,
    costs: {
      how,
      blocks,
      atRest: { ...atRest },
      finalize: { ...finalize },
      peakBytes,
      handedOverBytes,
      allocations,
      preserve: { ...preserve },
      readBack: { ...readBack },
      lookUp: { ...lookUp },
      lookUpHandedOver: { ...lookUpHandedOver },
      units: units.map(unit => ({ ...unit })),
      boot: { how: 'modelled', ...boot },
    },
  }
}

/** More orders than this that do not fit are summed up. */
const MOST_LOSSES = 3

/** Plain lines: no box, so that it reads well in a mail. */
const PLAIN = {
  chars: {
    top: '',
    'top-mid': '',
    'top-left': '',
    'top-right': '',
    bottom: '',
    'bottom-mid': '',
    'bottom-left': '',
    'bottom-right': '',
    left: '',
    'left-mid': '',
    mid: '',
    'mid-mid': '',
    right: '',
    'right-mid': '',
    middle: ' ',
  },
  style: { head: [], border: [], 'padding-left': 0, 'padding-right': 1 },
}

/** The same for people: one table for the kernel that preserves, one for the kernel that reads. */
export function writeCompareText(write: Writer, comparison: Comparison): void {
  const { set, ramBytes, rows, geometry } = comparison
  const kinds = set.orders.map(({ order, blocks }) => `${blocks} of order ${order}`).join(', ')
  write(`${set.blocks} blocks (${kinds}), ${size(set.bytes)} in ${set.ranges} ranges; `)
  write(`pages of ${size(geometry.pageSize)}, ${size(ramBytes)} of RAM\n\n`)
  const writing = [
    'tracker',
    'at rest',
    'index',
    'finalize',
    'peak',
    'copied',
    'allocations',
    'steps/preserve',
  ]
  writeTable(write, writing, rows, ({ cost }) => [
    size(cost.atRest.bytes),
    size(cost.atRest.indexBytes),
    size(cost.finalize.bytes),
    size(cost.peakBytes),
    size(cost.finalize.copiedBytes),
    String(cost.allocations),
    cost.preserve.steps?.toFixed(1) ?? '-',
  ])
  write('\n')
  const reading = [
    'tracker',
    'read',
    'words',
    'reservations',
    'look-up',
    'handed over',
    'memblock',
    'skipping',
  ]
  writeTable(write, reading, rows, ({ cost, boot }) => [
    size(cost.handedOverBytes),
    String(cost.readBack.words),
    String(cost.readBack.reservations),
    steps(cost.lookUp),
    steps(cost.lookUpHandedOver),
    `${milliseconds(boot.memblockMs)}~`,
    `${milliseconds(boot.skipMs)}~`,
  ])
  write('\n')
  writeTable(write, ['tracker', 'one unit', 'covers', 'tables above it'], rows, ({ cost }) => coverOf(cost))
  write('\n')
  for (const row of rows) for (const line of remarks(row)) write(`${row.tracker}: ${line}\n`)
  write(
    'Counted by running the encoders; ~ is modelled. Look-ups: steps for a page that is preserved / is not.\nPeak: at rest, index and finalize at once. A unit of blocks of order n covers 2^n times as much.\n',
  )
  if (rows.some(({ boot }) => boot?.memblockExtrapolated === true)) {
    write(`memblock: extrapolated, as no figure is quoted for more than ${MOST_REGIONS_MEASURED} regions.\n`)
  }
  write('Models of boot rest on figures that are quoted:\n')
  for (const { what, value, source } of comparison.quoted) write(`  ${what}: ${value} (${source})\n`)
}

/** What the tracker cannot say. */
function remarks({ refused, cost }: Row): string[] {
  if (refused !== null) return [refused]
  const { losses } = cost
  if (losses.length <= MOST_LOSSES) return losses
  return [losses[0]!, `and so with ${losses.length - 1} more orders`]
}

/** What bits of pages cover: a bitmap or leaf, and what each level of tables adds up to. */
function coverOf({ units }: Cost): string[] {
  const [unit, ...tables] = units
  if (unit === undefined) return [`a range, ${MEM_ENTRY} B`, 'any length', '-']
  const above = tables.map(({ covers }) => size(covers)).join(', ')
  return [`${unit.kind}, ${size(unit.bytes)}`, size(unit.covers), above === '' ? '-' : above]
}

type Known = Extract<Row, { refused: null }>

function writeTable(
  write: Writer,
  head: readonly string[],
  rows: readonly Row[],
  cells: (row: Known) => string[],
): void {
  const colAligns = head.map((_, n) => (n === 0 ? 'left' : 'right')) as ('left' | 'right')[]
  const table = new Table({ ...PLAIN, head: [...head], colAligns })
  for (const row of rows) {
    if (row.refused !== null) table.push([row.tracker, ...head.slice(1).map(() => '-')])
    else table.push([row.cost.how === 'modelled' ? `${row.tracker}~` : row.tracker, ...cells(row)])
  }
  write(`${table.toString().replace(/ +$/gm, '')}\n`)
}

function steps({ hit, miss, how }: LookUp): string {
  const one = (value: number | null) =>
    value === null ? '-' : value >= 100 ? String(Math.round(value)) : value.toFixed(1)
  return `${one(hit)}/${one(miss)}${how === 'modelled' ? '~' : ''}`
}

function milliseconds(value: number): string {
  if (value >= 10_000) return `${(value / 1000).toFixed(0)} s`
  if (value >= 1000) return `${(value / 1000).toFixed(1)} s`
  return value >= 10 ? `${value.toFixed(0)} ms` : `${value.toFixed(2)} ms`
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** Bytes in the largest unit that keeps them above 1. */
function size(bytes: number): string {
  let unit = 0
  let value = bytes
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${UNITS[unit]}`
}
