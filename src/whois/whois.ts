import { KhoError } from '../../formats/error.js'
import type { Absence } from '../../formats/memory/fault.js'
import { ADDRESS_LIMIT } from '../../formats/memory/geometry.js'
import { rangesCover } from '../../formats/memory/range.js'
import { blockSize, blocksAt } from '../../formats/pages/page-set.js'
import type { TrackerStep } from '../../formats/trackers/tracker.js'
import type { KhoState } from '../image/state.js'
import type { Claim } from '../model/claim.js'
import { holderOf } from '../model/fd-store.js'
import { ownershipOf } from '../owners/ownership.js'
import { traceBlock } from '../owners/tracker-trace.js'
import { hintsFor } from './hints.js'
import { blockAfter, blockBefore, type PreservedBlock } from './neighbours.js'

/** What kind of memory an address is, as far as image and state tell. */
export type MemoryKind = (typeof MEMORY_KINDS)[number]

/** Every {@link MemoryKind}. */
export const MEMORY_KINDS = ['ram', 'scratch', 'outside', 'excluded'] as const

/** Who claims a byte of a page. */
export interface Owner extends Claim {
  /** What user space calls it; null where nothing says. */
  heldAs: string | null
}

/** What is known of one address. */
export interface Whois {
  /** As asked; 2^52 and more is no physical address. */
  address: bigint
  preserved: boolean
  /** The preserved block that it lies in, of several the smallest. */
  block: PreservedBlock | null
  /** Further blocks that it lies in: preserved twice, with different orders. */
  overlapping: PreservedBlock[]
  /** From the tracker's root to the block's bit; empty where it is not preserved or the way cannot be followed. */
  trackerPath: TrackerStep[]
  /** Who claims a byte of its page, in the order of the state; 64 at most. */
  owners: Owner[]
  /** How many more there are. */
  moreOwners: number
  memory: MemoryKind
  /** Why the image has no bytes for it; null where it has. */
  absent: Absence | null
  previous: PreservedBlock | null
  next: PreservedBlock | null
  /** What may have been meant by it, and other remarks, one sentence each. */
  hints: string[]
}

/** Owners of one page that are named. */
const MOST_OWNERS = 64

/**
 * Refuses a state whose map says nothing: what is not in a stale map may be preserved all the same.
 *
 * @throws KhoError `broken-state`
 */
export function checkMap(state: KhoState): void {
  const { tracker, root, candidates } = state
  if (tracker.state === 'live' || tracker.state === 'partial') return
  const other = candidates.find(({ state: map, address }) => map === 'live' && address !== root.address)
  const hint = other && `--root 0x${other.address.toString(16)} (${other.direction}) has a live map`
  const reason = tracker.reason === null ? '' : `: ${tracker.reason}`
  throw new KhoError('broken-state', `the map of preserved memory is ${tracker.state}${reason}`, {
    address: root.address,
    ...(hint === undefined ? {} : { hint }),
  })
}

/** Says what an address is. A number of 2^52 or more is not preserved; the hints say what it looks like. */
export function whois(state: KhoState, asked: bigint): Whois {
  const { pages } = state.tracker.decode
  const hints = hintsFor(state, asked)
  if (asked >= BigInt(ADDRESS_LIMIT)) return unknown(asked, hints)
  const address = Number(asked)
  const blocks = blocksAt(pages, address)
  const block = blocks[0] ?? null
  const page = address - (address % state.geometry.pageSize)
  const start = block?.address ?? page
  // No block begins with a page that is in none.
  const end = block === null ? page : block.address + blockSize(pages, block.order)
  return {
    address: asked,
    preserved: block !== null,
    block,
    overlapping: blocks.slice(1),
    trackerPath: block === null ? [] : traceBlock(state, block.address, block.order),
    ...ownersAt(state, page, block),
    ...memoryAt(state, address),
    previous: start === 0 ? null : blockBefore(pages, start - 1),
    next: blockAfter(pages, end),
    hints,
  }
}

function unknown(address: bigint, hints: string[]): Whois {
  return {
    address,
    preserved: false,
    block: null,
    overlapping: [],
    trackerPath: [],
    owners: [],
    moreOwners: 0,
    memory: 'outside',
    absent: 'outside',
    previous: null,
    next: null,
    hints,
  }
}

/**
 * Claims on the page. A structure or a blob has all of the block that begins with it, though it need not fill the last
 * pages: of those it is the owner too.
 */
function ownersAt(
  state: KhoState,
  page: number,
  block: PreservedBlock | null,
): Pick<Whois, 'owners' | 'moreOwners'> {
  const { pageSize } = state.geometry
  const ownership = ownershipOf(state)
  const ids = ownership.find(page, page + pageSize)
  if (block !== null && block.address < page) {
    for (const id of ownership.find(block.address, block.address + pageSize)) {
      const { kind, start, preserved } = ownership.claim(id)
      const whole = preserved && kind !== 'data' && start - (start % pageSize) === block.address
      if (whole && !ids.includes(id)) ids.push(id)
    }
    ids.sort((a, b) => a - b)
  }
  const owners = ids.slice(0, MOST_OWNERS).map(id => {
    const claim = ownership.claim(id)
    return { ...claim, heldAs: holderOf(state, claim.path) }
  })
  return { owners, moreOwners: ids.length - owners.length }
}

function memoryAt(state: KhoState, address: number): Pick<Whois, 'memory' | 'absent'> {
  const read = state.image.memory.read(address, 1)
  const absent = read.ok ? null : read.reason
  const inScratch = state.scratch?.some(area => address >= area.start && address < area.start + area.size)
  if (inScratch === true) return { memory: 'scratch', absent }
  if (absent === null) return { memory: 'ram', absent }
  const known = rangesCover(state.image.ramKnown, address, address + 1)
  return { memory: known && absent !== 'outside' ? 'excluded' : 'outside', absent }
}
