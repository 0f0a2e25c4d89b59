import { KhoError } from '../error.js'
import {
  MEMFD_FOLIO_DIRTY,
  MEMFD_FOLIO_UPTODATE,
  MEMFD_LUO_FOLIO_SER,
  MEMFD_LUO_SER_V1,
  MEMFD_LUO_SER_V2,
} from '../layout/index.js'
import type { Geometry } from '../memory/geometry.js'
import type { Place } from '../memory/range.js'
import { viewOf } from '../memory/u64.js'
import type { PageAllocator } from './allocator.js'
import { writeFolio } from './memfd-folio.js'
import { NO_VMALLOC, storeVmalloc } from './vmalloc-encode.js'

/** What {@link encodeMemfd} writes. */
export interface MemfdSpec {
  version: 1 | 2
  /** File position in bytes. */
  position: number
  /** File size in bytes. */
  size: number
  /** F_SEAL_ mask. Version 1 has no room for it: it must be 0. */
  seals: number
  /** The folio list: as many entries in each. */
  folios: {
    pfn: ArrayLike<number>
    index: ArrayLike<number>
    /** Bit 0 dirty, bit 1 up to date; where left out, both, as 7.2 writes them. */
    flags?: ArrayLike<number>
  }
}

/**
 * Writes a struct memfd_luo_ser and its list of folios; the folios themselves are the caller's. Throws `cannot-express`
 * for seals in version 1, and for numbers that do not fit their fields.
 */
export function encodeMemfd(allocator: PageAllocator, geometry: Geometry, spec: MemfdSpec): Place {
  if (spec.version === 1 && spec.seals !== 0) {
    throw new KhoError('cannot-express', 'memfd-v1 hands over no seals')
  }
  checkNumbers(spec)
  const layout = spec.version === 1 ? MEMFD_LUO_SER_V1 : MEMFD_LUO_SER_V2
  const ser = allocator.allocate(1)
  const count = spec.folios.pfn.length
  const folios = count === 0 ? NO_VMALLOC : storeVmalloc(allocator, geometry, encodeFolioList(spec.folios))
  const common = { pos: BigInt(spec.position), size: BigInt(spec.size), nrFolios: BigInt(count), folios }
  if (spec.version === 1) MEMFD_LUO_SER_V1.write(ser.bytes, 0, common)
  else MEMFD_LUO_SER_V2.write(ser.bytes, 0, { ...common, seals: spec.seals, flags: 0 })
  return { address: ser.address, size: layout.size }
}

/** Sizes and offsets are exact integers, a page frame number has 52 bits, flags have 12. */
function checkNumbers({ position, size, folios }: MemfdSpec): void {
  const check = (what: string, value: number, limit: number) => {
    if (Number.isSafeInteger(value) && value >= 0 && value < limit) return
    throw new KhoError('cannot-express', `${value} is no ${what} of a memfd`)
  }
  check('position', position, Number.POSITIVE_INFINITY)
  check('size', size, Number.POSITIVE_INFINITY)
  for (let n = 0; n < folios.pfn.length; n++) {
    check('page frame number', folios.pfn[n] as number, 2 ** 52)
    check('page offset', folios.index[n] ?? -1, Number.POSITIVE_INFINITY)
    check('folio flag mask', folios.flags?.[n] ?? 0, 2 ** 12)
  }
}

/** Flags that 7.2 gives every folio. */
const AS_WRITTEN = MEMFD_FOLIO_DIRTY | MEMFD_FOLIO_UPTODATE

/** The entries of a list of folios. */
export function encodeFolioList({ pfn, index, flags }: MemfdSpec['folios']): Uint8Array {
  const bytes = new Uint8Array(pfn.length * MEMFD_LUO_FOLIO_SER.size)
  const view = viewOf(bytes)
  for (let n = 0; n < pfn.length; n++) {
    writeFolio(view, n * MEMFD_LUO_FOLIO_SER.size, pfn[n]!, flags?.[n] ?? AS_WRITTEN, index[n]!)
  }
  return bytes
}
