import { decodePageTable } from '../page-table/decode.js'
import { tableCoverage, tableNodePieces } from '../page-table/pieces.js'
import { tracePageTable } from '../page-table/trace.js'
import { locateAddress } from '../shared/place.js'
import type { Tracker } from '../tracker.js'
import { mailEncoder } from './encode.js'

/**
 * The idea that came before any patch (Yadav, 27 March 2025, on patch v5 09/16): one tree, shaped like page tables, of
 * bitmaps of pages without orders; 128 MiB, 64 GiB, 32 TiB and 16 PiB a level with pages of 4K. The mail hands over the
 * address of the top table and says neither how entries are encoded nor where that address stands: entries are those of
 * the patch that followed, which is this tree once for each order.
 */
export const mailTable: Tracker = {
  format: 'mail-table',
  locate: locateAddress,
  decode: decodePageTable,
  recognise: () => ({ verdict: 'yes', why: 'the root names one tree of pages' }),
  trace: (reading, address) => tracePageTable(reading, address, 0),
  pieces: tableNodePieces,
  coverage: tableCoverage,
  encoder: mailEncoder,
}
