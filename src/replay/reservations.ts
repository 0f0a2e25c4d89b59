import type { ScratchArea } from '../../formats/handoff/scratch.js'
import { hex } from '../../formats/memory/fault.js'
import { mergeRanges, type Range, rangesCover, rangesTouch } from '../../formats/memory/range.js'
import { totals } from '../../formats/pages/page-set.js'
import { listBlocks } from '../../formats/pages/runs.js'
import type { ReservationLine } from '../guest/kernel-log.js'
import type { KhoState } from '../image/state.js'

/** Blocks up to which their lines go to the console too; beyond, that would take too long. */
const MOST_ON_CONSOLE = 2000
/** Blocks up to which a kernel says of each that it keeps it. */
const MOST_SAID = 50_000
/** Bytes of the log buffer that a line takes, with what the kernel stores beside it. */
const LINE_BYTES = 256

/** Parameters that have a kernel say which blocks it keeps, as far as there are not too many. */
export function reservationParameters(state: KhoState): string[] {
  const { blocks } = totals(state.tracker.decode.pages)
  if (blocks > MOST_SAID) return []
  const buffer = 2 ** Math.ceil(Math.log2(2 ** 20 + blocks * LINE_BYTES))
  const level = blocks > MOST_ON_CONSOLE ? ['loglevel=6'] : []
  return ['memblock=debug', `log_buf_len=${buffer}`, ...level]
}

const MOST_DIFFERENCES = 4

/**
 * What a kernel keeps that nobody can have meant: other blocks than the map has, memory in scratch, a page twice, pages of
 * the map itself. A line each, the first few of a kind.
 */
export function reservationDifferences(
  lines: readonly ReservationLine[],
  state: KhoState,
  areas: readonly ScratchArea[],
): string[] {
  const { pages, nodes } = state.tracker.decode
  const { pageSize } = state.geometry
  const key = ({ start, end }: Range) => `${hex(start)}-${hex(end)}`
  const ours = listBlocks(pages).map(({ address, order }) => ({
    start: address,
    end: address + pageSize * 2 ** order,
  }))
  const read = new Set(ours.map(key))
  const kept = new Set(lines.map(key))
  const scratch = mergeRanges(areas.map(({ start, size }) => ({ start, end: start + size })))
  const tracker = mergeRanges(nodes.map(({ address, size }) => ({ start: address, end: address + size })))
  return [
    ...some(
      lines,
      line => !read.has(key(line)),
      line => `${key(line)} is kept, and not in the map`,
    ),
    ...some(
      ours,
      block => !kept.has(key(block)),
      block => `${key(block)} is in the map, and not kept`,
    ),
    ...some(lines, touching(scratch), line => `${key(line)} is kept in scratch`),
    ...some(lines, touching(tracker), line => `${key(line)} is kept, and a page of the map itself`),
    ...some(
      overlaps(lines),
      () => true,
      line => `${key(line)} is kept twice`,
    ),
  ]
}

/** Regions that were taken from memory that nobody keeps: whoever comes next is given it too. */
export function unkeptRegions(
  lines: readonly ReservationLine[],
  state: KhoState,
  revived: readonly string[],
): string[] {
  const kept = mergeRanges(lines.map(({ start, end }) => ({ start, end })))
  return state.blobs().flatMap(({ value }) =>
    value?.kind !== 'memblock'
      ? []
      : value.regions
          .filter(({ name, start, size }) => {
            const whole = start !== null && rangesCover(kept, start, start + (size ?? 0))
            return revived.includes(name) && !whole
          })
          .map(({ name }) => `region ${name} is taken back, and its memory is not kept`),
  )
}

function touching(ranges: readonly Range[]): (line: Range) => boolean {
  return ({ start, end }) => rangesTouch(ranges, start, end)
}

function some<T>(list: readonly T[], wanted: (item: T) => boolean, say: (item: T) => string): string[] {
  const found = list.filter(wanted)
  const shown = found.slice(0, MOST_DIFFERENCES).map(say)
  const more = found.length - shown.length
  return more > 0 ? [...shown, `and ${more} more like it`] : shown
}

/** Blocks that begin before one that came earlier ends. */
function overlaps(lines: readonly Range[]): Range[] {
  const sorted = [...lines].sort((a, b) => a.start - b.start || b.end - a.end)
  const found: Range[] = []
  let end = 0
  for (const line of sorted) {
    if (line.start < end) found.push(line)
    end = Math.max(end, line.end)
  }
  return found
}
