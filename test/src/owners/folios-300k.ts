import type { Machine } from './synthetic.js'
import { machine } from './synthetic.js'

/** Folios of {@link manyFolios}. */
export const MANY = 300_000
/** Physical address of its first folio. */
export const FIRST_FOLIO = 2 ** 32

/** One memfd of 300,000 order-0 folios at every other page from 4 GiB on; their contents are not in the image. */
export function manyFolios(): Machine {
  const made = machine(12, 2 ** 34)
  const pfn = new Float64Array(MANY)
  const index = new Float64Array(MANY)
  for (let n = 0; n < MANY; n++) {
    const address = FIRST_FOLIO + n * 8192
    made.tracker.preserve(address, 0)
    pfn[n] = address / 4096
    index[n] = n
  }
  made.builder.reserve(FIRST_FOLIO, FIRST_FOLIO + MANY * 8192)
  const file = made.listed(7n, { size: MANY * 4096, folios: { pfn, index } })
  made.addLuo({ sessions: [{ name: 'big', files: [file] }] })
  return made
}
