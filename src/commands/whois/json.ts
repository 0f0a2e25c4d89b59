import { hex } from '../../../formats/memory/fault.js'
import type { JsonItem } from '../../render/json.js'
import { trackerText } from '../../render/tracker-text.js'
import type { PreservedBlock } from '../../whois/neighbours.js'
import type { Whois } from '../../whois/whois.js'
import type { schema } from './schema.js'

/** What is known of one address, as an element of `addresses`. */
export function whoisJson(answer: Whois): JsonItem<typeof schema, 'addresses'> {
  return {
    address: hex(answer.address),
    preserved: answer.preserved,
    block: blockJson(answer.block),
    overlapping: answer.overlapping.map(({ address, order }) => ({ address: hex(address), order })),
    trackerPath: answer.trackerPath.length === 0 ? null : trackerText(answer.trackerPath, ' > '),
    tracker: answer.trackerPath.map(step => ({ ...step })),
    owners: answer.owners.map(({ path, heldAs, kind, version, start, end, preserved }) => ({
      path,
      heldAs,
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

function blockJson(block: PreservedBlock | null): JsonItem<typeof schema, 'addresses'>['block'] {
  return block === null ? null : { address: hex(block.address), order: block.order }
}
