import { locateArray } from '../shared/place.js'
import type { Tracker } from '../tracker.js'
import { decodePageTable } from './decode.js'
import { tableEncoder } from './encode.js'
import { tableCoverage, tableNodePieces } from './pieces.js'
import { recognisePageTable } from './recognise.js'
import { tracePageTable } from './trace.js'

export { levelBlocks, TABLE_LEVELS, TABLE_ORDERS, tableShift, tableSlots } from './shape.js'

/** Trees of tables with bitmaps at the leaves, one for each order: the patch of April 2025 on v5. */
export const pageTable: Tracker = {
  format: 'page-table',
  locate: locateArray,
  decode: decodePageTable,
  recognise: recognisePageTable,
  trace: tracePageTable,
  pieces: tableNodePieces,
  coverage: tableCoverage,
  encoder: tableEncoder,
}
