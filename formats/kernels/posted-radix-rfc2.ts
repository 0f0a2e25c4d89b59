import type { KernelRow } from './kernel.js'
import { POSTED_RADIX_RFC1 } from './posted-radix-rfc1.js'

/** Radix series v2 of 20 October 2025. */
export const POSTED_RADIX_RFC2 = {
  ...POSTED_RADIX_RFC1,
  name: 'radix-rfc2',
  posting: 'radix series v2, October 2025',
  uname: '6.18.0-rc1',
  layout: { ...POSTED_RADIX_RFC1.layout, name: 'radix-rfc2', compatible: 'kho-v2', depth: 'short' },
} as const satisfies KernelRow
