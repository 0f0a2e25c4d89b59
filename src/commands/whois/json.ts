import { hex } from '../../../formats/memory/fault.js'
import type { JsonValue } from '../../render/json.js'
import type { PreservedBlock } from '../../whois/neighbours.js'
import type { Whois } from '../../whois/whois.js'
import { trackerText } from './text.js'

/** What is known of one address, as an element of `addresses`. */
export function whoisJson(answer: Whois): JsonValue {
  return {
    address: hex(answer.address),
    preserved: answer.preserved,
    block: blockJson(answer.block),
    overlapping: answer.overlapping.map(blockJson),
    trackerPath: answer.trackerPath.length === 0 ? null : trackerText(answer.trackerPath),
    tracker: answer.trackerPath.map(step => ({ ...step })),
    owners: answer.owners.map(({ path, kind, version, start, end, preserved }) => ({
      path,
      kind,
      version,
      start: hex(start),
      end: hex(end),
      preserved,
    })),
    moreOwners: answer.moreOwners,
    memory: answer.memory,
    absent: answer.absent,
    previous: blockJson(answer.previous),
    next: blockJson(answer.next),
    hints: answer.hints,
  }
}

function blockJson(block: PreservedBlock | null): JsonValue {
  return block === null ? null : { address: hex(block.address), order: block.order }
}
