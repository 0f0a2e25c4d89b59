import type { ReadingKernel } from '../../formats/kernels/index.js'
import { isEmptySet, samePages } from '../../formats/pages/algebra.js'
import { totals } from '../../formats/pages/page-set.js'
import type { KhoState } from '../image/state.js'
import { findRule } from '../rules/catalogue.js'
import { type Found, foundBy } from './collect.js'
import type { BootEvent, EarlyBoot } from './early-boot.js'

/** What early boot came to, as findings: why it ended, and what it reported and went on after. */
export function bootFindings(boot: EarlyBoot, reader: ReadingKernel): Found[] {
  const events = [...(boot.cause === null ? [] : [boot.cause]), ...boot.events]
  return events.map(event => fromEvent(event, boot, reader))
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
      ? `Linux ${reader.release} reserves nothing; ${meant.blocks} blocks of ${meant.bytes} bytes are meant`
      : `Linux ${reader.release} reserves ${read.blocks} blocks of ${read.bytes} bytes; meant are ${meant.blocks} of ${meant.bytes}`
    found.push(foundBy(findRule('READER-MAP-DIFFERS'), { message, path: 'tracker' }, reader))
  }
  return found
}

function fromEvent(event: BootEvent, boot: EarlyBoot, reader: ReadingKernel): Found {
  const effect =
    event === boot.cause ? (boot.end === 'unknown' || boot.end === 'done' ? 'none' : boot.end) : 'reported'
  return foundBy(findRule(event.rule), { message: event.message, address: event.address, effect }, reader)
}
