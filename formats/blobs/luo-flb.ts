import { appendPath, LUO_FLB_HEADER_SER, LUO_FLB_SER } from '../layout/index.js'
import { hex } from '../memory/fault.js'
import { type Range, rangeAt } from '../memory/range.js'
import { type BlobContext, quote, readStruct } from './context.js'

/** The page of file-lifecycle-bound objects, 7.0 to 7.2. */
export interface LuoFlbs {
  path: string
  /** The page. */
  extent: Range
  /** Pages that its header says it has: 1. */
  pages: bigint
  /** Objects that its header says it has. Until the reboot call 0, with the rest of the page unwritten. */
  count: bigint
  entries: LuoFlb[]
}

/** One object that several files share. */
export interface LuoFlb {
  /** Its compatible string; a byte string, as far as its NUL. */
  name: string
  /** Its own handle. */
  data: bigint
  /** Files that depend on it. */
  count: bigint
  path: string
  extent: Range
}

/** Objects of one page: 63 at 4K. */
export function flbCapacity(pageSize: number): number {
  return Math.floor((pageSize - LUO_FLB_HEADER_SER.size) / LUO_FLB_SER.size)
}

/** Reads the page at `address`; null where there is none. A reader of 7.2 trusts its count without bound. */
export function decodeFlbs(context: BlobContext, address: number | null, owner: string): LuoFlbs | null {
  if (address === null || address === 0) return null
  const { pageSize } = context.geometry
  const path = appendPath(owner, 'flbs')
  if (address % pageSize !== 0) {
    context.fault('LUO-POINTER', `FLB page ${hex(address)} is not page aligned`, address, path)
  }
  const header = readStruct(context, LUO_FLB_HEADER_SER, 'LUO-ABSENT', address, path)
  if (header === null) return null
  const capacity = flbCapacity(pageSize)
  const { pgcnt, count } = header
  if (pgcnt !== 1n)
    context.fault('LUO-FLB-PAGES', `FLB page says it has ${pgcnt} pages, not 1`, address, path)
  if (count > capacity) {
    context.fault('LUO-FLB-COUNT', `FLB page has ${count} entries, not 0 to ${capacity}`, address, path)
  }
  const flbs: LuoFlbs = { path, extent: rangeAt(address, pageSize), pages: pgcnt, count, entries: [] }
  const entries = count > capacity ? capacity : Number(count)
  const names = new Set<string>()
  for (let n = 0; n < entries; n++) {
    const at = address + LUO_FLB_HEADER_SER.size + n * LUO_FLB_SER.size
    const entryPath = appendPath(path, n)
    const entry = readStruct(context, LUO_FLB_SER, 'LUO-ABSENT', at, entryPath)
    if (entry === null || (count > capacity && entry.name === '')) break
    const { name } = entry
    if (name === '') context.fault('LUO-NAME-EMPTY', 'FLB object has no name', at, entryPath)
    if (name.length === 48) {
      context.fault('LUO-NAME-UNTERMINATED', `FLB name ${quote(name)} has no NUL`, at, entryPath)
    }
    if (names.has(name)) {
      context.fault('LUO-FLB-DUPLICATE', `two FLB objects are called ${quote(name)}`, at, entryPath)
    }
    names.add(name)
    flbs.entries.push({ ...entry, path: entryPath, extent: rangeAt(at, LUO_FLB_SER.size) })
  }
  return flbs
}
