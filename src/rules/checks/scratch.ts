import { SCRATCH_ENTRY, type ScratchArea } from '../../../formats/handoff/scratch.js'
import { hex } from '../../../formats/memory/fault.js'
import type { KhoState } from '../../image/state.js'
import type { Occurrence, RuleContext } from '../rule.js'
import { isOutsideRam } from './context.js'

/** Entries that a kernel writes at the least: low memory, anywhere, and one node. */
const FEWEST_AREAS = 3

interface PlacedArea extends ScratchArea {
  path: string
  text: string
}

/** Areas with memory in them. One of size 0 was set so on the command line: its address means nothing. */
export function areasOf(state: KhoState): PlacedArea[] {
  return (state.scratch ?? [])
    .map((area, n) => ({
      ...area,
      path: `scratch/#${n}`,
      text: `scratch area ${n} (${hex(area.start)}, ${hex(area.size)} bytes)`,
    }))
    .filter(area => area.size > 0)
}

/** A length of the array that is no whole number of areas. */
export function* checkScratchLength({ state }: RuleContext): Generator<Occurrence> {
  const array = state.scratchArray
  if (array === null || array.size % SCRATCH_ENTRY === 0) return
  const rest = array.size % SCRATCH_ENTRY
  const message = `the scratch array has ${array.size} bytes: the last ${rest} of them are ignored`
  yield { message, path: 'scratch', address: array.address }
}

/** Areas that have no memory in them, all of them: early boot may allocate from nothing else. */
export function* checkScratchMemory({ state }: RuleContext): Generator<Occurrence> {
  const { scratch } = state
  if (scratch === null || scratch.length === 0 || areasOf(state).length > 0) return
  const message = `none of the ${scratch.length} scratch areas has any memory`
  yield { message, path: 'scratch', address: state.scratchArray?.address ?? null, effect: 'silent' }
}

/** Areas that are not made of pages. */
export function* checkScratchAlignment({ state, kernel }: RuleContext): Generator<Occurrence> {
  const { pageSize } = state.geometry
  for (const area of areasOf(state)) {
    if (area.start % pageSize === 0 && area.size % pageSize === 0) continue
    const place = { path: area.path, address: addressOf(area) }
    const message = `${area.text} is not made of pages`
    if (area.start % pageSize === 0 || kernel.reads.scratchTypes !== 'first-page') yield { message, ...place }
    else {
      const why = "the pageblock that it begins in stays ordinary memory: the kernel's own comes to lie there"
      yield { message: `${message}: ${why}`, ...place, effect: 'silent' }
    }
  }
}

/** Areas that are made of pages, not of pageblocks (2 MiB with pages of 4K). */
export function* checkScratchPageblocks({ state }: RuleContext): Generator<Occurrence> {
  const { pageSize, tableEntries } = state.geometry
  const pageblock = pageSize * tableEntries
  for (const area of areasOf(state)) {
    const paged = area.start % pageSize === 0 && area.size % pageSize === 0
    if (!paged || (area.start % pageblock === 0 && area.size % pageblock === 0)) continue
    const message = `${area.text} is not made of pageblocks of ${hex(pageblock)} bytes`
    yield { message, path: area.path, address: area.start }
  }
}

/** Areas that share memory with the one that begins before them. */
export function* checkScratchOverlap({ state }: RuleContext): Generator<Occurrence> {
  const sorted = areasOf(state).sort((a, b) => a.start - b.start)
  let furthest: PlacedArea | null = null
  for (const area of sorted) {
    if (furthest !== null && area.start < furthest.start + furthest.size) {
      yield { message: `${area.text} overlaps ${furthest.text}`, path: area.path, address: addressOf(area) }
    }
    if (furthest === null || area.start + area.size > furthest.start + furthest.size) furthest = area
  }
}

/** Areas that are not in RAM. */
export function* checkScratchRam(context: RuleContext): Generator<Occurrence> {
  for (const area of areasOf(context.state)) {
    if (!isOutsideRam(context, area.start, area.start + area.size)) continue
    yield { message: `${area.text} is not in RAM`, path: area.path, address: addressOf(area) }
  }
}

/** Fewer areas than any kernel writes. */
export function* checkScratchCount({ state }: RuleContext): Generator<Occurrence> {
  const count = state.scratch?.length ?? 0
  if (count === 0 || count >= FEWEST_AREAS) return
  yield { message: `${count} scratch areas; kernels write ${FEWEST_AREAS} and more`, path: 'scratch' }
}

function addressOf(area: ScratchArea): number | null {
  return area.start < 2 ** 52 ? area.start : null
}
