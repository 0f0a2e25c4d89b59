import type { PageAllocator } from '../blobs/allocator.js'
import { KhoError } from '../error.js'
import type { Absence } from '../memory/fault.js'
import { type Range, rangeAt } from '../memory/range.js'
import { viewOf } from '../memory/u64.js'
import type { FollowContext } from './node.js'

/** Pages of tables, and the first that the dump lacks. */
export interface TablePages {
  data: Range[]
  missing: { reason: Absence; address: number } | null
}

/** Bits 51:12 of an entry are the next table's, bit 7 makes it a large page, bits 1:0 say that it is there. */
const ENTRY_ADDRESS = 0xffffffffff000n
const ENTRY_LARGE = 0x80n
const ENTRY_PRESENT = 3n

/**
 * The pages of a tree of tables in the form that x86 has: only what is preserved counts as a table, so that another
 * form gives fewer owners, not wrong ones. A level of 0 holds leaves only.
 */
export function tablePages(context: FollowContext, root: number, levels: number): TablePages {
  const { pageSize } = context.geometry
  const data: Range[] = []
  const visited = new Set<number>()
  let missing: TablePages['missing'] = null
  let level = [root]
  for (let depth = levels; level.length > 0 && depth >= 0; depth--) {
    const next: number[] = []
    for (const table of level) {
      if (visited.has(table) || table % pageSize !== 0 || context.blockBytes(table) === 0) continue
      visited.add(table)
      data.push(rangeAt(table, pageSize))
      if (depth <= 1) continue
      const read = context.memory.read(table, pageSize)
      if (!read.ok) {
        missing ??= { reason: read.reason, address: table }
        continue
      }
      const view = viewOf(read.bytes)
      for (let at = 0; at < pageSize; at += 8) {
        const entry = view.getBigUint64(at, true)
        if ((entry & ENTRY_PRESENT) !== 0n && (entry & ENTRY_LARGE) === 0n) {
          next.push(Number(entry & ENTRY_ADDRESS))
        }
      }
    }
    level = next
  }
  return { data, missing }
}

/** Writes a table and those below it: a list of lists. Entries are present and writable. Gives the address of the top. */
export function writeTables(allocator: PageAllocator, below: unknown): number {
  if (!Array.isArray(below)) {
    throw new KhoError('usage', 'tables are a list of the tables below the top, each again such a list')
  }
  const page = allocator.allocate(1)
  const view = viewOf(page.bytes)
  below.forEach((table, n) => {
    if (n >= page.bytes.length / 8)
      throw new KhoError('usage', `a table has no room for ${below.length} tables`)
    view.setBigUint64(n * 8, BigInt(writeTables(allocator, table)) | ENTRY_PRESENT, true)
  })
  return page.address
}
