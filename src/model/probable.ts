import { ADDRESS_LIMIT } from '../../formats/memory/geometry.js'
import { type Range, rangeAt, rangeSize } from '../../formats/memory/range.js'
import { u64, viewOf } from '../../formats/memory/u64.js'
import type { KhoState } from '../image/state.js'
import { orderFinder } from './block-finder.js'
import { handleBlock } from './handle.js'
import { address, count, defineKind, list, type Many } from './kind.js'

/** A u64 that equals the start of a preserved block. */
export interface ProbablePointer {
  /** Where it lies. */
  at: number
  /** Bytes from the start of the memory that was looked at. */
  offset: number
  target: number
  order: number
}

/** Of memory that nobody understands so many bytes are looked at: structures come first in what is handed over. */
const MOST_BYTES = 2 ** 16
/** Pointers of one block that are kept. */
const MOST_POINTERS = 64

/** Every u64 of a stretch of memory that is the address of a preserved block, and not of that very memory. */
export function pointersIn(state: KhoState, block: Range): ProbablePointer[] {
  const orderAt = orderFinder(state)
  const read = state.image.memory.read(block.start, Math.min(rangeSize(block), MOST_BYTES))
  if (!read.ok) return []
  const view = viewOf(read.bytes)
  const found: ProbablePointer[] = []
  for (let offset = 0; offset + 8 <= read.bytes.length && found.length < MOST_POINTERS; offset += 8) {
    const target = u64(view, offset)
    if (target === 0 || target >= ADDRESS_LIMIT || target === block.start) continue
    const order = orderAt(target)
    if (order >= 0) found.push({ at: block.start + offset, offset, target, order })
  }
  return found
}

const POINTER = defineKind<ProbablePointer>({
  what: 'probable pointer',
  fields: {
    offset: count(pointer => pointer.offset),
    address: address(pointer => pointer.target),
    order: count(pointer => pointer.order),
  },
  memory: ({ at }) => ({ extents: [rangeAt(at, 8)] }),
})

/** What in the memory behind a handle that nobody knows looks like pointers; none where it is known. */
export function probablePointers<T extends { data: bigint }>(
  isKnown: (self: T, state: KhoState) => boolean,
): Many<T> {
  return list(
    'list of u64s that equal the start of a preserved block',
    POINTER,
    (self: T, state) => {
      const block = isKnown(self, state) ? null : handleBlock(state, self.data)
      return block === null ? [] : pointersIn(state, block)
    },
    { rare: true },
  )
}
