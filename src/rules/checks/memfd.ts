import type { Memfd } from '../../../formats/blobs/index.js'
import { appendPath, MEMFD_FOLIO_DIRTY, MEMFD_FOLIO_UPTODATE } from '../../../formats/layout/index.js'
import { hex } from '../../../formats/memory/fault.js'
import { blockFinder } from '../../model/block-finder.js'
import { type FolioList, folioListOf } from '../../model/folio-list.js'
import { sortedOrder } from '../../owners/sort-keys.js'
import type { Occurrence, RuleContext } from '../rule.js'
import { canTellUnpreserved, memfdsOf, plural } from './context.js'

function* listsOf({ state }: RuleContext): Generator<{ memfd: Memfd; list: FolioList }> {
  for (const memfd of memfdsOf(state)) {
    if (memfd.vmalloc !== null) yield { memfd, list: folioListOf(state, memfd) }
  }
}

const folioPath = (memfd: Memfd, list: FolioList, n: number) =>
  appendPath(memfd.path, 'folios', list.keyOf(n))

/** Lists that end before their last folio. */
export function* checkFolioList(context: RuleContext): Generator<Occurrence> {
  for (const { list } of listsOf(context)) {
    for (const { code, message, path, address } of list.folios.faults) {
      if (code === 'MEMFD-FOLIOS-CUT') yield { message, path, address }
    }
  }
}

/** Parts of lists that the dump lacks. */
export function* checkFoliosAbsent(context: RuleContext): Generator<Occurrence> {
  for (const { list } of listsOf(context)) {
    for (const { code, message, path, address } of list.folios.faults) {
      if (code === 'MEMFD-FOLIOS-ABSENT') yield { message, path, address }
    }
  }
}

/** Folios that are no heads of preserved blocks, one occurrence for each file. */
export function* checkFoliosPreserved(context: RuleContext): Generator<Occurrence> {
  if (!canTellUnpreserved(context)) return
  const orderAt = blockFinder(context.state.tracker.decode.pages)
  for (const { memfd, list } of listsOf(context)) {
    let count = 0
    let first = -1
    for (let n = 0; n < list.starts.length; n++) {
      const start = list.starts[n] as number
      if (start === 0 || orderAt(start) >= 0) continue
      if (count++ === 0) first = n
    }
    if (count === 0) continue
    const address = list.starts[first] as number
    const message = `${plural(count, 'folio')} not the head of a preserved block, first ${hex(address)} at page offset ${list.folios.index[first]}`
    yield { message, path: folioPath(memfd, list, first), address, count }
  }
}

interface Layout {
  /** First page offset that no folio covers, and how many there are. */
  gap: number
  missing: number
  /** Entry that overlaps the one before, or is not aligned to its size; and how many do. */
  clash: number
  clashes: number
}

/** Where the folios of a file lie in it. Null where not all of them are known with their sizes. */
function layoutOf(context: RuleContext, memfd: Memfd, list: FolioList): Layout | null {
  const { pageSize } = context.state.geometry
  const { index, pfn, missing, count } = list.folios
  if (memfd.size === null || missing.length > 0 || count !== memfd.nrFolios) return null
  const orderAt = blockFinder(context.state.tracker.decode.pages)
  if (list.starts.some(start => start !== 0 && orderAt(start) < 0)) return null
  const layout: Layout = { gap: -1, missing: 0, clash: -1, clashes: 0 }
  const skip = (from: number, to: number) => {
    if (to <= from) return
    if (layout.missing === 0) layout.gap = from
    layout.missing += to - from
  }
  const end = Math.ceil(memfd.size / pageSize)
  let next = 0
  let last = -1
  for (const n of sortedOrder(index.map(value => Math.min(value, 2 ** 47)))) {
    const at = index[n] as number
    const pages = pfn[n] === 0 ? 1 : Math.max((list.sizes[n] as number) / pageSize, 1)
    // Two folios at one offset are a rule of its own.
    if ((at < next && at !== last) || at % pages !== 0) {
      if (layout.clashes++ === 0) layout.clash = n
    }
    skip(next, Math.min(at, end))
    next = Math.max(next, at + pages)
    last = at
  }
  skip(next, end)
  return layout
}

/** Files of which pages have no folio. */
export function* checkFolioCoverage(context: RuleContext): Generator<Occurrence> {
  if (!canTellUnpreserved(context)) return
  for (const { memfd, list } of listsOf(context)) {
    const layout = layoutOf(context, memfd, list)
    if (layout === null || layout.missing === 0) continue
    const message = `${plural(layout.missing, 'page')} of the file without a folio, first at page offset ${layout.gap}`
    yield { message, path: memfd.path, address: memfd.extent.start, count: layout.missing }
  }
}

/** Files in which folios overlap, or begin where they cannot. */
export function* checkFolioRanges(context: RuleContext): Generator<Occurrence> {
  if (!canTellUnpreserved(context)) return
  for (const { memfd, list } of listsOf(context)) {
    const layout = layoutOf(context, memfd, list)
    if (layout === null || layout.clashes === 0) continue
    const n = layout.clash
    const pages = (list.sizes[n] as number) / context.state.geometry.pageSize
    const message = `${plural(layout.clashes, 'folio')} overlapping another one in the file, or not aligned to its size: first ${plural(pages, 'page')} at page offset ${list.folios.index[n]}`
    const address = (list.starts[n] as number) || memfd.extent.start
    yield { message, path: folioPath(memfd, list, n), address, count: layout.clashes }
  }
}

/** Bytes of folios that are looked through for data, in all. */
const MOST_BYTES = 2 ** 26

/** Folios without a flag that hold data all the same. The flag alone is the decoder's to notice. */
export function* checkFolioContents(context: RuleContext, what: 'clean' | 'stale'): Generator<Occurrence> {
  const { kernel } = context
  const flag = what === 'clean' ? MEMFD_FOLIO_DIRTY : MEMFD_FOLIO_UPTODATE
  let budget = MOST_BYTES
  for (const { memfd, list } of listsOf(context)) {
    const { flags, count } = list.folios
    let filled = 0
    let first = -1
    for (let n = 0; n < count && budget > 0; n++) {
      if (((flags[n] as number) & flag) !== 0 || list.starts[n] === 0) continue
      const size = Math.min(list.sizes[n] as number, budget)
      budget -= size
      if (!holdsData(context, list.starts[n] as number, size)) continue
      if (filled++ === 0) first = n
    }
    if (filled === 0) continue
    const address = list.starts[first] as number
    const lost = what === 'clean' ? 'can vanish after they are restored' : 'will be zeroed'
    const message = `${plural(filled, 'folio')} with data in it that ${lost}, first ${hex(address)} at page offset ${list.folios.index[first]}`
    const effect = kernel.users.luo === null || kernel.users.memfd === null ? 'none' : 'silent'
    const path = folioPath(memfd, list, first)
    yield { message, path, address, count: filled, severity: 'error', effect }
  }
}

function holdsData({ state }: RuleContext, start: number, size: number): boolean {
  const { pageSize } = state.geometry
  for (let at = start; at < start + size; at += pageSize) {
    const read = state.image.memory.read(at, pageSize)
    if (read.ok && read.bytes.some(byte => byte !== 0)) return true
  }
  return false
}

/** Files of a format that has no seals. */
export function* checkSealsLost({ state }: RuleContext): Generator<Occurrence> {
  const unsealed = memfdsOf(state).filter(memfd => memfd.version === 1)
  const [first] = unsealed
  if (first === undefined) return
  const count = unsealed.length
  const message = `${plural(count, 'memfd')} of version 1: seals are not handed over`
  yield { message, path: first.path, address: first.extent.start, count }
}
