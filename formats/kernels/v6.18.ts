import type { KernelRow } from './kernel.js'
import { V6_17_9 } from './v6.17.9.js'

/** Linux 6.18: preservation in pages, vmalloc, and a magic number in restored pages. kernel/kexec_handover.c, a4a508df2aa3. */
export const V6_18 = {
  ...V6_17_9,
  name: '6.18',
  uname: '6.18.0',
  changes: [
    { what: 'kho_preserve_vmalloc(), and kho_test uses it', commit: 'a667300bd53f' },
    { what: 'page->private of preserved pages holds a magic number', commit: '89a3ecca49ee' },
  ],
  users: { ...V6_17_9.users, khoTest: 'vmalloc', vmalloc: true },
  writes: { ...V6_17_9.writes, takesBytes: false, checksScratch: true },
  reads: { ...V6_17_9.reads, marker: 'magic', overrunsFullChunks: true },
} as const satisfies KernelRow
