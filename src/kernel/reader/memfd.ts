import { folioIndex, folioPfn } from '../../../formats/blobs/index.js'
import {
  MEMFD_LUO_FOLIO_SER,
  MEMFD_LUO_SER_V1,
  MEMFD_LUO_SER_V2,
  MEMFD_SEALS_KNOWN,
  offsetOf,
} from '../../../formats/layout/index.js'
import { hex } from '../../../formats/memory/fault.js'
import { viewOf } from '../../../formats/memory/u64.js'
import { type Running, report, restoreFree, silent } from './context.js'
import { readArea, restoreVmalloc } from './vmalloc.js'

/** Largest file position and size of a loff_t. */
const LOFF_LIMIT = 2n ** 63n
/** Where both versions of the structure have what is looked at: there may be a hundred thousand of them. */
const placesIn = (struct: typeof MEMFD_LUO_SER_V1 | typeof MEMFD_LUO_SER_V2) => ({
  bytes: struct.size,
  position: offsetOf(struct, 'pos'),
  size: offsetOf(struct, 'size'),
  nrFolios: offsetOf(struct, 'nrFolios'),
  folios: offsetOf(struct, 'folios'),
})
const V1 = { ...placesIn(MEMFD_LUO_SER_V1), seals: null }
const V2 = { ...placesIn(MEMFD_LUO_SER_V2), seals: offsetOf(MEMFD_LUO_SER_V2, 'seals') }

/** Entries of a folio list that are followed one by one; a file of 16 GiB in single pages has 4 Mi. */
const MOST_FOLIOS = 2 ** 24

/**
 * memfd_luo_retrieve(), mm/memfd_luo.c 6.19 to 7.3: the structure at the handle, the list of folios, each folio. A handle of
 * 0 is an address like any other. Throws Halt where the kernel faults.
 */
export function retrieveMemfd(running: Running, version: 1 | 2, handle: bigint, path: string): void {
  const { memory } = running
  const address = Number(handle)
  const at = version === 1 ? V1 : V2
  const ser = viewOf(memory.read(address, at.bytes))
  const position = ser.getBigUint64(at.position, true)
  const size = ser.getBigUint64(at.size, true)
  const nrFolios = ser.getBigUint64(at.nrFolios, true)
  const free = () => restoreFree(running, address, 'LUO-UNPRESERVED', path)
  if (at.seals !== null && ser.getUint32(at.seals, true) > MEMFD_SEALS_KNOWN) {
    report(running, 'MEMFD-SEALS', 'seals that are not known: -EOPNOTSUPP', path, address)
    free()
    return
  }
  if (position >= LOFF_LIMIT) {
    silent(running, 'MEMFD-POSITION', `position ${hex(position)} is refused, and 0 instead`, path, address)
  }
  if (size >= LOFF_LIMIT) silent(running, 'MEMFD-SIZE', `the size is negative: ${hex(size)}`, path, address)
  const whole = nrFolios === 0n || retrieveFolios(running, address + at.folios, nrFolios, path)
  if (whole || version === 2) free()
}

/** True where every folio came back. */
function retrieveFolios(running: Running, descriptor: number, wanted: bigint, path: string): boolean {
  const { memory, geometry, restorer } = running
  const area = restoreVmalloc(memory, geometry, restorer, descriptor)
  if (!('pages' in area)) {
    report(
      running,
      area.rule,
      `the list of folios is lost, -EINVAL: ${area.reason}`,
      `${path}/vmalloc`,
      area.address,
    )
    return false
  }
  const { pageSize, pageShift } = geometry
  const entry = MEMFD_LUO_FOLIO_SER.size
  const each = pageSize / entry
  const mapping: Mapping = { orders: new Map(), end: 0 }
  const count = Math.min(Number(wanted), MOST_FOLIOS)
  let failed = false
  let view: DataView = viewOf(new Uint8Array(0))
  for (let n = 0; n < count; n++) {
    if (n % each === 0) {
      const left = Math.min(each, count - n) * entry
      view = viewOf(readArea(memory, geometry, area, n * entry, left))
    }
    const at = (n % each) * entry
    const pfn = folioPfn(view, at)
    if (pfn === 0) continue
    const restored = restorer.folio(pfn * 2 ** pageShift)
    // Once one has failed the rest are restored to be freed.
    if (failed) continue
    if (!restored.ok) {
      const message = `Unable to restore folio at physical address: ${(pfn * pageSize).toString(16)}: ${restored.reason}`
      report(running, 'MEMFD-FOLIO-UNPRESERVED', message, path, pfn * pageSize)
      failed = true
    } else if (!insert(running, mapping, folioIndex(view, at), restored.order ?? 0, path)) {
      failed = true
    }
  }
  return !failed
}

/** The page cache of a file under construction: order by first page offset, and where it ends so far. */
interface Mapping {
  orders: Map<number, number>
  end: number
}

/** shmem_add_to_page_cache(): false where a page of the file has a folio already. */
function insert(running: Running, mapping: Mapping, index: number, order: number, path: string): boolean {
  const size = 2 ** order
  const first = index - (index % size)
  if (first !== index) {
    // VM_BUG_ON_FOLIO() of kernels built with CONFIG_DEBUG_VM.
    const message = `a folio of order ${order} is put at page offset ${first}, not ${index}`
    silent(running, 'MEMFD-FOLIO-RANGE', message, path)
  }
  if (first < mapping.end && overlaps(mapping.orders, first, size)) {
    const message = `failed to add to page cache folio index ${index}: -EEXIST`
    report(running, 'MEMFD-FOLIO-COLLISION', message, path)
    return false
  }
  mapping.orders.set(first, order)
  mapping.end = Math.max(mapping.end, first + size)
  return true
}

/** No folio is larger: 2^MOST_ORDER pages. */
const MOST_ORDER = 20

function overlaps(orders: ReadonlyMap<number, number>, first: number, size: number): boolean {
  for (let order = 0; order <= MOST_ORDER; order++) {
    const start = first - (first % 2 ** order)
    const found = orders.get(start)
    if (found !== undefined && start + 2 ** found > first) return true
  }
  for (const start of orders.keys()) if (start >= first && start < first + size) return true
  return false
}
