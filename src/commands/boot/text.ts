import { hex } from '../../../formats/memory/fault.js'
import { countRanges, forEachRange } from '../../../formats/pages/runs.js'
import { type Boot, countCalls, type Reservations, type RestoreCall } from '../../boot/boot.js'
import { escapeText } from '../../render/escape.js'
import { trackerText } from '../../render/tracker-text.js'
import type { Writer } from '../../render/writer.js'

/** What one kernel's early boot does, step by step. */
export function writeSteps(write: Writer, boot: Boot, pageSize: number): void {
  write(`kernel: ${escapeText(boot.kernel.release)}\n`)
  for (const step of boot.steps) write(`${step.function}(): ${escapeText(step.message)}\n`)
  for (const event of boot.events) write(`said: ${escapeText(event.message)}\n`)
  const calls = countCalls(boot.reservations)
  write(`memblock_reserve(): ${calls} ${calls === 1 ? 'call' : 'calls'}\n`)
  for (const [order, count] of ordersOf(boot)) {
    write(`page->private of ${count} heads of order ${order}: ${hex(boot.privateOf(order))}\n`)
  }
  const { pages, ranges } = skippedOf(boot, pageSize)
  write(`never handed to the page allocator: ${pages} pages in ${ranges} ranges\n`)
  for (const range of boot.extended ?? []) {
    write(`early boot may also allocate from ${hex(range.start)}-${hex(range.end)}\n`)
  }
  write(`end: ${boot.end}${boot.cause === null ? '' : `, ${escapeText(boot.cause.message)}`}\n`)
  for (const assumption of boot.assumptions) write(`assumed: ${escapeText(assumption)}\n`)
}

function ordersOf({ reservations }: Boot): [number, number][] {
  const entries = new Map<number, Reservations[]>()
  for (const entry of reservations) {
    if (entry.who !== 'blocks') continue
    const same = entries.get(entry.order)
    if (same === undefined) entries.set(entry.order, [entry])
    else same.push(entry)
  }
  const counts = [...entries].map(([order, list]): [number, number] => [order, countCalls(list)])
  return counts.sort(([a], [b]) => a - b)
}

/** How much is never handed to the page allocator. */
export function skippedOf({ reserved }: Boot, pageSize: number): { pages: number; ranges: number } {
  if (reserved === null) return { pages: 0, ranges: 0 }
  const { bytes, ranges } = countRanges(reserved.pages)
  return { pages: bytes / pageSize, ranges }
}

/** What is never handed to the page allocator. */
export function writeSkipped(write: Writer, { reserved }: Boot): void {
  if (reserved === null) return
  forEachRange(reserved.pages, (start, end) => {
    write(`${hex(start)}-${hex(end)}\n`)
  })
}

/** What restoring each address gives. */
export function writeRestores(write: Writer, boot: Boot, addresses: readonly number[]): void {
  for (const address of addresses) {
    for (const call of boot.restore(address)) {
      write(`${hex(address)} ${call.function}: ${resultOf(call, boot)}\n`)
    }
  }
}

function resultOf({ function: name, again, result }: RestoreCall, { kernel }: Boot): string {
  const time = again ? 'again, ' : ''
  if (!result.ok) {
    if (result.oops) return `${time}a fault: ${result.reason}`
    return `${time}NULL${result.warns ? ', with a WARN' : ''}: ${result.reason}`
  }
  if (name !== 'kho_restore_folio') return `${time}one page, its count 1`
  const { order } = result
  const tails = 2 ** (order ?? 0) - 1
  if (tails === 0) return `${time}a folio of order ${order}, its head page of count 1`
  const counts = kernel.reads.restoresCounts
    ? `its head page of count 1, ${tails} tail pages of count 0, one compound page`
    : `one compound page; the counts of its ${tails + 1} pages stay what they were`
  return `${time}a folio of order ${order}, ${counts}`
}

/** Which tables memblock_free_pages() goes through for each address, and what it finds there. */
export function writeLookUps(write: Writer, boot: Boot, addresses: readonly number[]): void {
  for (const address of addresses) {
    const answer = boot.lookUp(address)
    if (answer === null) continue
    const end = answer.skipped ? 'skipped' : 'handed to the page allocator'
    const path = answer.steps.length === 0 ? 'no tree' : trackerText(answer.steps)
    write(`${hex(address)} ${end}: ${path}\n`)
  }
}
