import { type Memfd, type MemfdFolios, readMemfdFolios } from '../../formats/blobs/index.js'
import { ADDRESS_LIMIT } from '../../formats/memory/geometry.js'
import { hasBlock, orders } from '../../formats/pages/page-set.js'
import {
  address,
  count,
  flag,
  type ListView,
  lazyList,
  nothing,
  type RecordView,
  record,
  size,
} from './view.js'
import type { ViewContext } from './view-context.js'
import { vmallocView } from './vmalloc-view.js'

/** A preserved memfd; its folios are read when they are looked at. */
export function memfdView(memfd: Memfd, context: ViewContext): RecordView {
  return record({
    version: count(memfd.version),
    address: address(memfd.extent.start),
    position: count(memfd.position),
    size: size(memfd.size),
    seals: count(memfd.seals),
    flags: count(memfd.flags),
    nrFolios: count(memfd.nrFolios),
    vmalloc: memfd.vmalloc === null ? nothing : vmallocView(memfd.vmalloc),
    folios: lazyList(() => foliosView(readMemfdFolios(context.memory, memfd, context.geometry), context)),
  })
}

function foliosView(folios: MemfdFolios, context: ViewContext): ListView {
  return {
    kind: 'list',
    length: folios.count,
    distinct: isAscending(folios.index),
    key: n => String(folios.index[n]),
    at: n => folioView(folios, n, context),
  }
}

function folioView(folios: MemfdFolios, n: number, context: ViewContext): RecordView {
  const pfn = folios.pfn[n] as number
  const flags = folios.flags[n] as number
  const start = pfn * context.geometry.pageSize
  const known = pfn !== 0 && start < ADDRESS_LIMIT
  return record({
    index: count(folios.index[n] as number),
    pfn: count(pfn),
    address: address(known ? start : null),
    order: count(known ? orderAt(context, start) : null),
    dirty: flag((flags & 1) !== 0),
    uptodate: flag((flags & 2) !== 0),
  })
}

/** A folio's order is in the map of preserved memory only. */
function orderAt(context: ViewContext, start: number): number | null {
  return orders(context.pages).find(order => hasBlock(context.pages, start, order)) ?? null
}

/** True for a list in which no two are equal, as every kernel writes it. */
function isAscending(values: Float64Array): boolean {
  for (let i = 1; i < values.length; i++) {
    if ((values[i] as number) <= (values[i - 1] as number)) return false
  }
  return true
}
