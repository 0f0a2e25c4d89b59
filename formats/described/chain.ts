import { KHO_BLOCK_CHAIN, KHO_BLOCK_HEADER, KHO_MAX_BLOCKS, offsetOf } from '../layout/index.js'
import { followChain } from '../memory/chain.js'
import { hex } from '../memory/fault.js'
import { type Range, rangeAt } from '../memory/range.js'
import { lastAtOrBelow } from '../memory/sorted.js'
import type { CompiledStruct, Link } from './compile.js'
import {
  type DescribedNode,
  type EntryRun,
  type FollowContext,
  type Followed,
  mostEntries,
  NOTHING,
  readDescribed,
} from './node.js'

const COUNT_AT = offsetOf(KHO_BLOCK_HEADER, 'count')

/** Pages `{u64 next; u64 count; entries}`; of `blocks`, one page each. Both forms begin with the same 16 bytes. */
export function followParts(
  context: FollowContext,
  compiled: CompiledStruct,
  first: number,
  link: Link,
  path: string,
): Followed {
  const { pageSize } = context.geometry
  const entry = compiled.struct.size
  const one = link.to.kind === 'blocks'
  const extents: Range[] = []
  const firsts: number[] = []
  const runs: EntryRun[] = []
  let count = 0
  let missing: Followed['missing'] = null
  const say = (what: string, address: number) =>
    context.fault('LAYOUT-CHAIN', `chain of ${link.field.name} ${what}`, address, path)
  const shape = { ...KHO_BLOCK_CHAIN, size: KHO_BLOCK_HEADER.size, alignment: one ? pageSize : 8 }
  followChain(context.memory, first, shape, {
    fault({ kind, address, raw, from, reason }) {
      if (kind === 'absent') missing = { reason: reason!, address }
      else if (kind === 'cycle') say(`comes back to ${hex(address)}`, address)
      else if (kind === 'unaligned') say(`has ${hex(address)}, which is not aligned`, address)
      else if (kind === 'limit') say(`has more than ${KHO_MAX_BLOCKS} parts`, address)
      else say(`goes on at ${hex(raw)}, which is no physical address`, from ?? first)
    },
    link({ address, view }) {
      const held = view.getBigUint64(COUNT_AT, true)
      const room = one ? Math.floor((pageSize - KHO_BLOCK_HEADER.size) / entry) : mostEntries(context, entry)
      const entries = held <= BigInt(room) ? Number(held) : 0
      if (held > BigInt(room)) say(`has ${held} entries at ${hex(address)}, more than ${room}`, address)
      extents.push(rangeAt(address, one ? pageSize : KHO_BLOCK_HEADER.size + entries * entry))
      firsts.push(count)
      if (entries > 0) runs.push({ address: address + KHO_BLOCK_HEADER.size, first: count, count: entries })
      count += entries
    },
  })
  const at = (n: number): DescribedNode | null => {
    const part = lastAtOrBelow(firsts, n)
    if (part < 0 || n >= count) return null
    const place = extents[part]!.start + KHO_BLOCK_HEADER.size + (n - firsts[part]!) * entry
    const read = readDescribed(context, compiled, place)
    return 'node' in read ? read.node : null
  }
  return {
    ...NOTHING,
    link,
    extents,
    count: missing === null ? count : null,
    known: count,
    at,
    missing,
    runs,
  }
}
