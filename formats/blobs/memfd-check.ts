import { MEMFD_FOLIO_DIRTY, MEMFD_FOLIO_UPTODATE } from '../layout/index.js'
import { type Fault, hex } from '../memory/fault.js'
import { createFaultLog } from '../memory/fault-log.js'
import { ADDRESS_LIMIT, type Geometry } from '../memory/geometry.js'
import type { MemfdFolios } from './memfd-folios.js'
import type { Memfd } from './memory-types.js'

/**
 * What is wrong with a list of folios in itself: the same folio or the same page offset twice, offsets past the end of
 * the file, addresses that are none, flags that lose data (fixed by 50d7b4332f27 and 7e04bf1f3315 in the writer). Each kind is one
 * fault, with the number of folios. Whether the folios are preserved, and how large they are, the list does not say.
 */
export function checkMemfdFolios(memfd: Memfd, folios: MemfdFolios, geometry: Geometry): Fault[] {
  const log = createFaultLog()
  const { count, pfn, index, flags } = folios
  const { pageSize } = geometry
  const pages = memfd.size === null ? Number.POSITIVE_INFINITY : Math.ceil(memfd.size / pageSize)
  const found = new Map<string, { count: number; first: number }>()
  const note = (code: string, n: number) => {
    const seen = found.get(code)
    if (seen === undefined) found.set(code, { count: 1, first: n })
    else seen.count++
  }
  for (let n = 0; n < count; n++) {
    const frame = pfn[n] as number
    const bits = flags[n] as number
    if (frame === 0) {
      note('MEMFD-FOLIO-HOLE', n)
      continue
    }
    if (frame * pageSize >= ADDRESS_LIMIT) note('MEMFD-FOLIO-PFN', n)
    if ((index[n] as number) >= pages) note('MEMFD-FOLIO-INDEX', n)
    if ((bits & MEMFD_FOLIO_DIRTY) === 0) note('MEMFD-FOLIO-CLEAN', n)
    if ((bits & MEMFD_FOLIO_UPTODATE) === 0) note('MEMFD-FOLIO-NOT-UPTODATE', n)
    if (bits > (MEMFD_FOLIO_DIRTY | MEMFD_FOLIO_UPTODATE)) note('MEMFD-FOLIO-FLAGS', n)
  }
  for (const [n, times] of repeats(index, n => pfn[n] !== 0))
    found.set('MEMFD-FOLIO-COLLISION', { count: times, first: n })
  for (const [n, times] of repeats(pfn, n => pfn[n] !== 0))
    found.set('MEMFD-FOLIO-OVERLAP', { count: times, first: n })
  for (const [code, { count: times, first }] of found) {
    const frame = pfn[first] as number
    const at = frame === 0 || frame * pageSize >= ADDRESS_LIMIT ? memfd.extent.start : frame * pageSize
    const what = `pfn ${hex(frame)}, page offset ${index[first]}, flags ${hex(flags[first] as number)}`
    log.add(
      code,
      `${times} ${times === 1 ? 'folio' : 'folios'} ${WRONG[code]}, first: ${what}`,
      at,
      memfd.path,
    )
  }
  return log.list()
}

const WRONG: Record<string, string> = {
  'MEMFD-FOLIO-HOLE': 'without a page',
  'MEMFD-FOLIO-PFN': 'with a page frame number that is no address',
  'MEMFD-FOLIO-INDEX': 'behind the end of the file',
  'MEMFD-FOLIO-CLEAN': 'not marked dirty: can be reclaimed after they are restored',
  'MEMFD-FOLIO-NOT-UPTODATE': 'not marked up to date: zeroed after they are restored',
  'MEMFD-FOLIO-FLAGS': 'with flags that nobody knows',
  'MEMFD-FOLIO-COLLISION': 'at a page offset that another one has too',
  'MEMFD-FOLIO-OVERLAP': 'with the page of another one',
}

/** The first entry whose value an earlier one has, and how many such there are; nothing where all differ. */
function repeats(values: Float64Array, counts: (n: number) => boolean): [number, number][] {
  let ascending = true
  for (let n = 1; n < values.length && ascending; n++) {
    ascending = (values[n] as number) > (values[n - 1] as number)
  }
  if (ascending) return []
  const sorted = values.filter((_, n) => counts(n)).sort()
  let times = 0
  let value: number | null = null
  for (let n = 1; n < sorted.length; n++) {
    if (sorted[n] !== sorted[n - 1]) continue
    times++
    value ??= sorted[n] as number
  }
  if (value === null) return []
  const first = values.findIndex((candidate, n) => candidate === value && counts(n))
  return [[values.findIndex((candidate, n) => n > first && candidate === value && counts(n)), times]]
}
