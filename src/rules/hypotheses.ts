import { releases } from '../../formats/kernels/index.js'

/** Something that looks wrong in the source of 7.2 and was not seen reported. Found as warnings, or as part of a rule. */
export interface Hypothesis {
  title: string
  rules: readonly string[]
}

/** From a reading of the source of 7.2. */
export const HYPOTHESES: readonly Hypothesis[] = [
  {
    title: 'reserve_mem= with a new name on a kernel booted by KHO is placed in scratch',
    rules: ['MEMBLOCK-IN-SCRATCH'],
  },
  {
    title: 'reserve_mem= that is not a multiple of a page loses its end',
    rules: ['MEMBLOCK-UNALIGNED', 'MEMBLOCK-UNPRESERVED'],
  },
  {
    title: `the root of the radix tree comes from the slab, and may lie in scratch (${releases('7.1', '7.2').text}: 6442bfb211cb)`,
    rules: ['TRACKER-IN-SCRATCH'],
  },
  {
    title: 'restoring pages steps by alignment, preserving by NUMA node too',
    rules: ['VMALLOC-RESTORE-STEP'],
  },
  {
    title: 'the count of an FLB object includes whoever holds it at the reboot',
    rules: ['LUO-FLB-REFCOUNT'],
  },
  {
    title: 'memory in scratch is refused by debug kernels only',
    rules: ['MAP-IN-SCRATCH', 'TRACKER-IN-SCRATCH'],
  },
]
