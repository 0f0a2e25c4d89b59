import { KHO_BLOCK_HEADER, KHO_MAX_BLOCKS } from '../layout/index.js'
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

/** Pages `{u64 next; u64 count; entries}`; of `blocks`, one page each. Both forms begin with the same 16 bytes. */
export function followChain(
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
  const visited = new Set<number>()
  let count = 0
  let missing: Followed['missing'] = null
  let address = first
  while (address !== 0) {
    const say = (what: string) =>
      context.fault('LAYOUT-CHAIN', `chain of ${link.field.name} ${what}`, address, path)
    if (visited.has(address)) {
      say(`comes back to ${hex(address)}`)
      break
    }
    if (address % 8 !== 0 || (one && address % pageSize !== 0)) {
      say(`has ${hex(address)}, which is not aligned`)
      break
    }
    if (visited.size === KHO_MAX_BLOCKS) {
      say(`has more than ${KHO_MAX_BLOCKS} parts`)
      break
    }
    visited.add(address)
    const read = context.memory.read(address, KHO_BLOCK_HEADER.size)
    if (!read.ok) {
      missing = { reason: read.reason, address }
      break
    }
    const header = KHO_BLOCK_HEADER.read(read.bytes)
    const room = one ? Math.floor((pageSize - KHO_BLOCK_HEADER.size) / entry) : mostEntries(context, entry)
    const entries = header.count <= BigInt(room) ? Number(header.count) : 0
    if (header.count > BigInt(room)) say(`has ${header.count} entries at ${hex(address)}, more than ${room}`)
    const size = one ? pageSize : KHO_BLOCK_HEADER.size + entries * entry
    extents.push(rangeAt(address, size))
    firsts.push(count)
    if (entries > 0) runs.push({ address: address + KHO_BLOCK_HEADER.size, first: count, count: entries })
    count += entries
    if (header.next === null) {
      say(`goes on at ${hex(KHO_BLOCK_HEADER.raw(read.bytes, 0, 'next'))}, which is no physical address`)
      break
    }
    address = header.next
  }
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
