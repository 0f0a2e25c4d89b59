import { appendPath, LUO_FLB_HEADER_SER, LUO_FLB_SER } from '../layout/index.js'
import { hex } from '../memory/fault.js'
import { rangeAt } from '../memory/range.js'
import { type BlobContext, quote, readStruct } from './context.js'
import type { LuoFlbs } from './luo-types.js'

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
    if (name !== '' && names.has(name)) {
      context.fault('LUO-FLB-DUPLICATE', `two FLB objects are called ${quote(name)}`, at, entryPath)
    }
    names.add(name)
    flbs.entries.push({ ...entry, path: entryPath, extent: rangeAt(at, LUO_FLB_SER.size) })
  }
  return flbs
}
