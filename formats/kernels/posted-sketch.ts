import type { KernelRow } from './kernel.js'
import { POSTED_V5 } from './posted-v5.js'

/** Mail of 12 February 2025 (Gunthorpe): the first chunk list, with another header. */
export const POSTED_SKETCH = {
  ...POSTED_V5,
  name: 'sketch',
  posting: 'mail of February 2025',
  uname: '6.14.0-rc1',
  layout: {
    ...POSTED_V5.layout,
    name: 'sketch',
    compatible: 'linux-kho,v1',
    map: { node: null, property: 'preserved-folio-map' },
    chunkHeader: 'order-first',
  },
  writes: { ...POSTED_V5.writes, split: 'greedy' },
  reads: null,
} as const satisfies KernelRow
