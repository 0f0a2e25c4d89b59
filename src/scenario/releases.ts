import { KhoError } from '../../formats/error.js'
import type { AbiName } from '../../formats/kernels/index.js'

/** Kernels and postings whose KHO the model can carry out. */
export const RELEASE_NAMES = [
  '7.2',
  '7.1',
  '7.0',
  '6.19',
  '6.18',
  '6.17.9',
  '6.17',
  '6.16',
  'kho-v2',
  'array',
  'v5',
  'v5-table',
  'v4',
] as const

/** A name in {@link RELEASE_NAMES}. */
export type ReleaseName = (typeof RELEASE_NAMES)[number]

/**
 * What one kernel's KHO does, as far as it shows in what it hands over. Sources: kernel/kexec_handover.c of 6.16
 * (00c010e130e5) and 6.18 (a4a508df2aa3), kernel/liveupdate/kexec_handover.c of 6.19 (dd03dd60e8cd), 7.1 and 7.2.13,
 * and the postings.
 */
export interface Release {
  name: ReleaseName
  abi: AbiName
  /** What utsname would say, unless the scenario says otherwise. */
  uname: string
  /**
   * How the root FDT comes about. `notifier`: front to back at finalize, when users are called. `live`: made at boot and
   * changed in place. `segment`: built for the kexec image, with users' nodes in it.
   */
  root: 'notifier' | 'live' | 'segment'
  /** True where the map is serialised at finalize; later releases keep it valid. */
  finalize: boolean
  /** -EBUSY for preservations after finalize: 6.16 and 6.17. */
  busyAfterFinalize: boolean
  /** How a range becomes blocks; v5 forgot to look at the alignment. */
  split: 'greedy' | 'unaligned'
  /** What count_trailing_zeros(0) gives: -1 makes the order of a range at pfn 0 0xffffffff. */
  zeroOrder: -1 | 64
  /** Lowers the order of a block until both ends are in one NUMA node: __kho_preserve_pages_order(). */
  splitAtNodes: boolean
  /** Ranges are given in bytes, to kho_preserve_phys(); later in pages, to kho_preserve_pages(). */
  takesBytes: boolean
  /** kho_preserve_phys() gives -EINVAL for what is not made of pages. */
  refusesUnaligned: boolean
  /** kho_preserve_folio() and _pages() look at scratch, with CONFIG_KEXEC_HANDOVER_DEBUG. */
  checksScratch: boolean
  /** Largest order that the tracker can say. */
  maxOrder: number
  /** False for arrays of ranges. */
  knowsOrders: boolean
  unpreserve: boolean
  vmalloc: boolean
  reserveMem: boolean
  khoTest: null | 'array' | 'vmalloc'
  kexecMetadata: boolean
  luo: null | 'fdt' | 'struct'
  /** LUO hands over a page of file-lifecycle-bound objects. */
  flbs: boolean
  memfd: null | 1 | 2
}

const BASE = {
  root: 'live',
  finalize: false,
  busyAfterFinalize: false,
  split: 'greedy',
  zeroOrder: -1,
  splitAtNodes: false,
  takesBytes: false,
  refusesUnaligned: true,
  checksScratch: true,
  maxOrder: Number.POSITIVE_INFINITY,
  knowsOrders: true,
  unpreserve: true,
  vmalloc: true,
  reserveMem: true,
  khoTest: 'vmalloc',
  kexecMetadata: false,
  luo: null,
  flbs: false,
  memfd: null,
} as const

const EARLY = {
  ...BASE,
  root: 'notifier',
  finalize: true,
  busyAfterFinalize: true,
  takesBytes: true,
  checksScratch: false,
  unpreserve: false,
  vmalloc: false,
  khoTest: 'array',
} as const

const POSTED = {
  ...BASE,
  root: 'segment',
  finalize: true,
  split: 'unaligned',
  takesBytes: true,
  refusesUnaligned: false,
  checksScratch: false,
  vmalloc: false,
  khoTest: null,
} as const

const ROWS: Readonly<Record<ReleaseName, Release>> = {
  '7.2': {
    ...BASE,
    name: '7.2',
    abi: 'kho-v4',
    uname: '7.2.0',
    zeroOrder: 64,
    splitAtNodes: true,
    kexecMetadata: true,
    luo: 'struct',
    flbs: true,
    memfd: 2,
  },
  '7.1': {
    ...BASE,
    name: '7.1',
    abi: 'kho-v3',
    uname: '7.1.0',
    splitAtNodes: true,
    kexecMetadata: true,
    luo: 'fdt',
    flbs: true,
    memfd: 2,
  },
  '7.0': {
    ...BASE,
    name: '7.0',
    abi: 'kho-v1-page',
    uname: '7.0.0',
    finalize: true,
    luo: 'fdt',
    flbs: true,
    memfd: 1,
  },
  '6.19': {
    ...BASE,
    name: '6.19',
    abi: 'kho-v1-page',
    uname: '6.19.0',
    finalize: true,
    luo: 'fdt',
    memfd: 1,
  },
  '6.18': {
    ...BASE,
    name: '6.18',
    abi: 'kho-v1-page',
    uname: '6.18.0',
    root: 'notifier',
    finalize: true,
    unpreserve: false,
  },
  '6.17.9': { ...EARLY, name: '6.17.9', abi: 'kho-v1-page', uname: '6.17.9' },
  '6.17': { ...EARLY, name: '6.17', abi: 'kho-v1-512', uname: '6.17.0' },
  '6.16': { ...EARLY, name: '6.16', abi: 'kho-v1-512', uname: '6.16.0' },
  'kho-v2': { ...BASE, name: 'kho-v2', abi: 'kho-v2', uname: '7.0.0-rc1' },
  array: { ...EARLY, name: 'array', abi: 'array', uname: '6.17.0-rc5' },
  v5: { ...POSTED, name: 'v5', abi: 'v5', uname: '6.14.0-rc7' },
  'v5-table': { ...POSTED, name: 'v5-table', abi: 'v5-table', uname: '6.14.0-rc7', maxOrder: 10 },
  v4: {
    ...POSTED,
    name: 'v4',
    abi: 'mem4',
    uname: '6.14.0-rc1',
    split: 'greedy',
    knowsOrders: false,
    unpreserve: false,
  },
}

/** The row of a name that the schema has accepted. */
export function releaseOf(name: ReleaseName): Release {
  return ROWS[name]
}

/** The release whose kernel has this utsname, or that has this name: `7.2.13` is 7.2, `6.17.12` is 6.17.9. */
export function findRelease(name: string): Release | null {
  const exact = RELEASE_NAMES.find(known => known === name)
  if (exact !== undefined) return ROWS[exact]
  const match = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(name)
  if (match === null) return null
  const series = `${match[1]}.${match[2]}`
  if (series === '6.17' && Number(match[3] ?? 0) >= 9) return ROWS['6.17.9']
  return RELEASE_NAMES.includes(series as ReleaseName) ? ROWS[series as ReleaseName] : null
}

/** The newest release that writes an ABI. Throws `cannot-express` for an ABI that no model writes. */
export function releaseWriting(abi: AbiName): Release {
  const found = RELEASE_NAMES.map(releaseOf).find(release => release.abi === abi)
  if (found === undefined) throw new KhoError('cannot-express', `no kernel here writes ${abi}`)
  return found
}
