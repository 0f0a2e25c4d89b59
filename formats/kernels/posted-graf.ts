import type { KernelRow } from './kernel.js'
import { POSTED_V4 } from './posted-v4.js'

/** Patches v1 to v3 of December 2023 to January 2024 (Graf): as v4, and an array of all memory beside the FDT. */
export const POSTED_GRAF = {
  ...POSTED_V4,
  name: 'graf',
  posting: 'patches v1 to v3, 2023 and 2024',
  uname: '6.7.0',
  layout: { ...POSTED_V4.layout, name: 'graf' },
} as const satisfies KernelRow
