import {
  encoderOf,
  type LayoutEncoder,
  trackerOptions,
  type WritingKernel,
} from '../../formats/kernels/index.js'
import type { Geometry } from '../../formats/memory/geometry.js'
import type { MemoryBuilder } from '../../formats/memory/memory-builder.js'
import { type Range, rangesTouch } from '../../formats/memory/range.js'
import {
  addBitmap,
  addRun,
  createPageSet,
  hasBlock,
  type PageSet,
  removeBlock,
  SPAN_BITS,
} from '../../formats/pages/page-set.js'
import { forEachRun } from '../../formats/pages/runs.js'
import type { TrackerOptions, TrackerRoot } from '../../formats/trackers/place.js'
import type { TrackerWriter } from '../../formats/trackers/writer.js'
import type { Errno } from '../write/root-writer.js'
import { type NodeRange, splitRange, WRAPPED_ORDER } from './split-range.js'
import { moveWrappedOrderLast } from './wrapped-order.js'

/** What a model of a kernel's preserved memory needs to know. */
export interface KhoOptions {
  kernel: WritingKernel
  builder: MemoryBuilder
  nodes: readonly NodeRange[]
  scratch: readonly Range[]
  /** CONFIG_KEXEC_HANDOVER_DEBUG. */
  debug: boolean
}

/**
 * One kernel's record of preserved memory: its calls, what they return, and the tracker that they build. `preserved` is
 * what the map says that is handed over, which is not always what was asked for.
 */
export interface Kho {
  readonly kernel: WritingKernel
  readonly geometry: Geometry
  readonly preserved: PageSet
  readonly writer: TrackerWriter
  readonly encoder: LayoutEncoder
  readonly notes: string[]
  preserveFolio(address: number, order: number): Errno
  unpreserveFolio(address: number, order: number): Errno
  /** Both also stand for kho_preserve_phys() with whole pages. */
  preservePages(address: number, pages: number): Errno
  unpreservePages(address: number, pages: number): Errno
  /** A folio for each block of a set, a bitmap at a time. */
  preserveSet(set: PageSet): Errno
  /** Preserved by a node of its own in the root FDT, not by the tracker: patch v4. */
  preserveInline(address: number, pages: number): void
  /** Serialises the map. */
  finish(): TrackerRoot
}

/** A kernel that has preserved nothing yet; the first pages of its tracker are allocated at once where it does so at boot. */
export function createKho(options: KhoOptions): Kho {
  const { kernel, builder, nodes, debug } = options
  const { geometry } = builder
  const { pageSize } = geometry
  const scratch = [...options.scratch].filter(area => area.end > area.start).sort((a, b) => a.start - b.start)
  const settings: TrackerOptions = trackerOptions(kernel.layout.name, geometry)
  const encoder = encoderOf(kernel.layout.name)
  const writer = encoder.createWriter(builder, settings)
  const preserved = createPageSet(geometry.pageShift)
  const notes: string[] = []
  const late = createLateRule(kernel, settings, preserved)
  let wrapped = false

  const isBusy = () => late.finished && kernel.writes.busyAfterFinalize
  const refuseRange = (start: number, end: number): Errno => {
    const inScratch = rangesTouch(scratch, start, end)
    // 6.18 looks at scratch first: kho_preserve_folio(), then __kho_preserve_order().
    if (inScratch && kernel.writes.checksScratch && debug) return '-EINVAL'
    if (isBusy()) return '-EBUSY'
    if (!inScratch) return null
    const note = 'a preservation lies in scratch; this kernel does not look'
    if (!notes.includes(note)) notes.push(note)
    return null
  }

  const mark = (pfn: number, order: number) => {
    if (order === WRAPPED_ORDER) {
      wrapped = true
      notes.push('a range at pfn 0 is recorded with order 0xffffffff: it is not preserved')
      writer.preserve(0, WRAPPED_ORDER)
      return
    }
    const block = Math.floor(pfn / 2 ** order)
    writer.preserve(block * 2 ** order * pageSize, order)
    if (!kernel.writes.knowsOrders) late.add(0, pfn, 2 ** order)
    else late.add(order, block, 1)
    if (pfn % 2 ** order !== 0 && notes.length < 100) {
      notes.push(
        `the range at page 0x${pfn.toString(16)} is not aligned to order ${order}: another block is recorded`,
      )
    }
  }
  const unmark = (pfn: number, order: number) => {
    const address = Math.floor(pfn / 2 ** order) * 2 ** order * pageSize
    if (order === WRAPPED_ORDER) return
    if (!writer.unpreserve(address, order))
      notes.push(`page 0x${pfn.toString(16)} was not preserved with order ${order}`)
    if (hasBlock(preserved, address, order)) removeBlock(preserved, address, order)
  }
  const rangeOf = (address: number, pages: number) => ({
    pfn: Math.floor(address / pageSize),
    end: Math.floor(address / pageSize) + pages,
  })

  return {
    kernel,
    geometry,
    preserved,
    writer,
    encoder,
    notes,
    preserveFolio(address, order) {
      const size = 2 ** order * pageSize
      const refused = refuseRange(address, address + size)
      if (refused !== null) return refused
      if (order > kernel.writes.maxOrder || address % size !== 0) return '-EINVAL'
      mark(address / pageSize, order)
      return null
    },
    unpreserveFolio(address, order) {
      if (!kernel.writes.unpreserve) return '-ENOSYS'
      if (isBusy()) return '-EBUSY'
      unmark(address / pageSize, order)
      return null
    },
    preservePages(address, pages) {
      const refused = refuseRange(address, address + pages * pageSize)
      if (refused !== null) return refused
      splitRange(kernel, nodes, pageSize, rangeOf(address, pages), mark)
      return null
    },
    unpreservePages(address, pages) {
      if (!kernel.writes.unpreserve) return '-ENOSYS'
      if (isBusy()) return '-EBUSY'
      splitRange(kernel, nodes, pageSize, rangeOf(address, pages), unmark)
      return null
    },
    preserveSet(set) {
      for (const [order, bits] of set.orders) {
        if (order > kernel.writes.maxOrder) return '-EINVAL'
        let refused: Errno = null
        forEachRun(bits, (first, end) => {
          refused ??= refuseRange(first * 2 ** order * pageSize, end * 2 ** order * pageSize)
          return refused === null
        })
        if (refused !== null) return refused
      }
      writer.preserveAll(set)
      late.addSet(set)
      return null
    },
    preserveInline: (address, pages) => addRun(preserved, 0, address / pageSize, pages),
    finish() {
      const root = writer.finish()
      late.finished = true
      return wrapped && settings.bitmapBytes !== undefined ? moveWrappedOrderLast(builder, root) : root
    },
  }
}

/**
 * What becomes of a block that is preserved when the map has been serialised already: chunk lists point to the bitmaps
 * themselves, so it is handed over where its bitmap was there before; tables are handed over as they are; ranges are not.
 */
function createLateRule(kernel: WritingKernel, settings: TrackerOptions, preserved: PageSet) {
  const known = new Set<string>()
  const bits = (settings.bitmapBytes ?? 0) * 8
  const rule = {
    finished: false,
    add(order: number, first: number, count: number): void {
      const key = `${order}:${Math.floor(first / bits)}`
      const live = !kernel.layout.mapFrozen
      if (!rule.finished) {
        if (bits > 0) known.add(key)
      } else if (!live && !known.has(key)) {
        return
      }
      addRun(preserved, order, first, count)
    },
    addSet(set: PageSet): void {
      for (const [order, { spans }] of set.orders) {
        for (const [span, words] of spans) {
          const first = span * SPAN_BITS
          if (kernel.writes.knowsOrders) {
            addBitmap(preserved, order, first, words)
            if (bits > 0)
              for (let at = first; at < first + SPAN_BITS; at += bits)
                known.add(`${order}:${Math.floor(at / bits)}`)
          }
        }
        if (!kernel.writes.knowsOrders) {
          forEachRun(set.orders.get(order)!, (first, end) =>
            addRun(preserved, 0, first * 2 ** order, (end - first) * 2 ** order),
          )
        }
      }
    },
  }
  return rule
}
