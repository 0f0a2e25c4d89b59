import type { ReadingKernel } from '../../formats/kernels/index.js'
import { isEmptySet, samePages } from '../../formats/pages/algebra.js'
import { totals } from '../../formats/pages/page-set.js'
import type { KhoState } from '../image/state.js'
import type { BootEvent, EarlyBoot } from '../kernel/reader/early-boot.js'
import type { Trace } from '../kernel/reader/trace.js'
import { findRule } from '../rules/catalogue.js'
import { kernelName } from '../rules/checks/context.js'
import { type Found, foundBy, rootCause } from './collect.js'

/** What early boot came to, as findings: why it ended, and what it reported and went on after. */
export function bootFindings(boot: EarlyBoot, reader: ReadingKernel): Found[] {
  const events = [...(boot.cause === null ? [] : [boot.cause]), ...boot.events]
  return events.map(event => fromEvent(event, boot, reader))
}

/** Whether a rule was found in the structure of a path. */
export type IsKnown = (rule: string, path: string | null) => boolean

/**
 * What its users came to, as findings: what happens where no rule has said so yet, and a line for each thing that the
 * dump lacks.
 */
export function traceFindings(trace: Trace | null, isKnown: IsKnown, reader: ReadingKernel): Found[] {
  if (trace === null) return []
  const events = trace.events.filter(({ rule, path }) => !isKnown(rule, path))
  return [
    ...events.map(({ rule, message, path, address, effect, count = 1 }) =>
      foundBy(findRule(rule), { message, path, address, effect, count }, reader),
    ),
    ...trace.needs.map(({ message, path, address, count = 1 }) =>
      foundBy(findRule('READER-UNKNOWN'), { message, path, address, effect: 'none', count }, reader),
    ),
  ]
}

/** Looks through what was found for the rules of a trace. */
export function knownIn(found: readonly Found[], trace: Trace | null): IsKnown {
  const rules = new Set(trace?.events.map(({ rule }) => rule))
  const known = new Set<string>()
  for (const { rule, path } of found) if (rules.has(rule.id)) known.add(`${rule.id} ${rootCause(path)}`)
  return (rule, path) => known.has(`${rule} ${rootCause(path)}`)
}

/** Where the map that a kernel makes of the bytes is not the writer's. */
export function mapFindings(boot: EarlyBoot, state: KhoState, reader: ReadingKernel): Found[] {
  if (boot.end !== 'done' || boot.reserved === null) return []
  const found: Found[] = []
  const { decode } = state.tracker
  const { pages, odd, oddCount } = boot.reserved
  const first = odd[0]
  if (first !== undefined) {
    const size = `0x${first.size.toString(16)}`
    const message = `${oddCount} reservations that are no blocks, first ${size} bytes at 0x${first.address.toString(16)} for order ${first.order}`
    found.push(
      foundBy(
        findRule('READER-ODD-RESERVATION'),
        { message, address: first.address, count: oddCount },
        reader,
      ),
    )
  }
  const expected = boot.events.some(event => event.rule === 'ROOT-MAP-PROPERTY')
  if (!expected && !samePages(pages, decode.pages)) {
    const [read, meant] = [totals(pages), totals(decode.pages)]
    const message = isEmptySet(pages)
      ? `${kernelName(reader)} reserves nothing; ${meant.blocks} blocks of ${meant.bytes} bytes are meant`
      : `${kernelName(reader)} reserves ${read.blocks} blocks of ${read.bytes} bytes; meant are ${meant.blocks} of ${meant.bytes}`
    found.push(foundBy(findRule('READER-MAP-DIFFERS'), { message, path: 'tracker' }, reader))
  }
  return found
}

function fromEvent(event: BootEvent, boot: EarlyBoot, reader: ReadingKernel): Found {
  const effect =
    event === boot.cause ? (boot.end === 'unknown' || boot.end === 'done' ? 'none' : boot.end) : 'reported'
  return foundBy(findRule(event.rule), { message: event.message, address: event.address, effect }, reader)
}
