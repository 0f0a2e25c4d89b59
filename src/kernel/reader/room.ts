import { READING_KERNELS, type ReadingKernel } from '../../../formats/kernels/index.js'
import type { Geometry } from '../../../formats/memory/geometry.js'
import {
  mergeRanges,
  type Range,
  rangeAt,
  sizeOfRanges,
  subtractRanges,
} from '../../../formats/memory/range.js'
import type { KhoState } from '../../image/state.js'
import { isOverwritten, isUnfinished } from '../../rules/checks/context.js'
import { bootOf, type ReadOptions } from './boot-of.js'
import { chooseKernel, knownRam } from './choose.js'
import type { CommandLine } from './cmdline.js'
import type { ReaderEvent } from './trace.js'

/** sizeof(struct page) on x86-64 and arm64, with anything but debugging options that are not for production. */
const STRUCT_PAGE = 64
const GIB = 2 ** 30

/** What a kernel boots in: scratch, and what it may open beside it. */
export interface Room {
  /** Bytes of the struct pages of all RAM, which early boot allocates first of all; null where RAM is not known. */
  memmapBytes: number | null
  /** Pages of 1 GiB that fit into scratch; null where scratch is not known, or the page size has none of 1 GiB. */
  gigantic: number | null
  /** What is opened beside scratch; null where no kernel that reads this layout opens anything. */
  opened: OpenedRoom | null
}

/** Memory that a kernel's early boot may allocate from, and so overwrite, besides scratch. */
export interface OpenedRoom {
  /** The kernel that does. */
  kernel: string
  /** Null where that is not known. */
  ranges: Range[] | null
  /** Why it is not known; null where it is. */
  reason: string | null
  /** Pages of 1 GiB that fit in there, beside scratch: memblock_alloc_hugetlb() never overlaps it. */
  gigantic: number | null
}

/** Who boots, and what is known of the machine. */
export interface RoomOptions {
  reader?: string
  absentIsZero?: boolean
  ram?: readonly Range[]
}

/**
 * The room that kernels have to boot in on a state.
 *
 * @throws KhoError `usage` for a reader that does not exist
 */
export function roomOf(state: KhoState, options: RoomOptions = {}): Room {
  const ram = knownRam(state.image, options.ram)
  const kernel = openerOf(state, options.reader)
  const { scratch, geometry } = state
  return {
    memmapBytes: ram && memmapOf(ram, geometry),
    gigantic: scratch === null || !hasGigantic(geometry) ? null : wholeGibs(scratchRanges(state)),
    opened: kernel && openedBy(state, kernel, ram, options.absentIsZero === true),
  }
}

/** The chosen kernel, where it opens memory or somebody chose it; else the first that reads the layout and does. */
function openerOf(state: KhoState, reader: string | undefined): ReadingKernel | null {
  const chosen = chooseKernel(state, reader)
  if (chosen.reads.extendsScratch !== null) return chosen
  if (reader !== undefined) return null
  const { abi } = state
  return (
    READING_KERNELS.find(({ layout, reads }) => layout.name === abi && reads.extendsScratch !== null) ?? null
  )
}

function openedBy(
  state: KhoState,
  kernel: ReadingKernel,
  ram: readonly Range[] | null,
  absentIsZero: boolean,
): OpenedRoom {
  const unknown = (reason: string) => ({ kernel: kernel.release, ranges: null, reason, gigantic: null })
  if (ram === null) return unknown('the dump does not list all of RAM: --ram does')
  if (state.image.dump.debugfs !== undefined) return unknown('debugfs does not show the map')
  if (isOverwritten(state)) return unknown('the map was read and freed')
  if (isUnfinished(state)) return unknown('the map is written at finalize, which had not come yet')
  const { boot } = bootOf(state, { kernel, ram, absentIsZero, cmdline: null })
  if (boot.extended === null) {
    const failed = boot.events.find(({ rule }) => rule === 'READER-EXTEND') ?? boot.cause
    return unknown(failed?.message ?? 'it did not come to that')
  }
  return {
    kernel: kernel.release,
    ranges: boot.extended,
    reason: null,
    gigantic: beside(state, boot.extended),
  }
}

function beside(state: KhoState, opened: readonly Range[]): number | null {
  if (!hasGigantic(state.geometry)) return null
  return wholeGibs(subtractRanges(opened, scratchRanges(state)))
}

function scratchRanges({ scratch }: KhoState): Range[] {
  return mergeRanges((scratch ?? []).map(({ start, size }) => rangeAt(start, size)))
}

/** Bytes of the struct pages of all RAM. */
export function memmapOf(ram: readonly Range[], { pageSize }: Geometry): number {
  return Math.ceil(sizeOfRanges(ram) / pageSize) * STRUCT_PAGE
}

/** PUD_SIZE with pages of 4K, CONT_PMD_SIZE with 16K; with 64K no level gives 1 GiB. */
function hasGigantic({ pageShift }: Geometry): boolean {
  return pageShift !== 16
}

function wholeGibs(ranges: readonly Range[]): number {
  let count = 0
  for (const { start, end } of ranges) count += Math.max(0, Math.floor(end / GIB) - Math.ceil(start / GIB))
  return count
}

/** What a kernel finds no room for while it boots, though it takes the state over. */
export function roomEvents(
  state: KhoState,
  { kernel, ram }: ReadOptions,
  extended: readonly Range[] | null,
  cmdline: CommandLine | null,
): ReaderEvent[] {
  const areas = scratchRanges(state)
  if (areas.length === 0) return []
  // What 7.3 opens counts, where it is known; where it is not, nothing is said.
  if (kernel.reads.extendsScratch !== null && extended === null) return []
  const events: ReaderEvent[] = []
  const tell = (rule: string, message: string) =>
    events.push({ rule, effect: 'none', message, path: 'scratch', address: null })
  const memmap = ram && memmapOf(ram, state.geometry)
  const room = sizeOfRanges(mergeRanges([...areas, ...(extended ?? [])]))
  if (memmap !== null && memmap > room) {
    tell(
      'SCRATCH-MEMMAP',
      `${memmap} bytes of struct pages for all RAM, and early boot has ${room} bytes to allocate them from`,
    )
  }
  const wanted = cmdline?.giganticPages ?? 0
  const fit = extended === null ? wholeGibs(areas) : beside(state, extended)
  if (wanted > 0 && fit !== null && fit < wanted) {
    tell('SCRATCH-GIGANTIC', `${wanted} pages of 1 GiB are asked for, and ${fit} fit at the most`)
  }
  return events
}
