import type { LuoForm } from '../layout/index.js'
import type { TrackerFormat } from '../trackers/index.js'

/**
 * How a hand-over is laid out: all that a decoder and an encoder must know of it. Several kernels may share one; the
 * name of it is what the command line calls an ABI.
 */
export interface Layout<Name extends string = string> {
  name: Name
  /** Element of the root's `compatible` list. */
  compatible: string
  tracker: TrackerFormat
  /** Where the root FDT names its tracker: child node, null for the root itself or for any node; and property. */
  map: {
    node: 'preserved-memory' | null
    property: string
    /** Set where the property holds an address for each order, not one for all. */
    perOrder?: true
  }
  /** Size of a chunk list's bitmap objects: 512 bytes, or a page. Null in other trackers. */
  bitmap: 512 | 'page' | null
  /** Which word a chunk list's header begins with; by default `next-first`. */
  chunkHeader?: 'next-first' | 'order-first'
  /**
   * Levels of a radix tree: as many as its keys need; one less with pages of 16K, as the formula was up to 7.1-rc5
   * (d64b0372760e); or either, where kernels of both kinds write it. Null in other trackers.
   */
  depth: 'full' | 'short' | 'either' | null
  /** Property of a child node that points to its blob; null where nodes are inline. */
  blobProperty: 'fdt' | 'preserved-data' | null
  /** True where child nodes carry `blob-size`. */
  blobSize: boolean
  /** True where the page of the root FDT is itself preserved as an order-0 block. */
  fdtPreserved: boolean
  /** True where the map property is 0 until finalize. */
  mapZeroUntilFinalize: boolean
  /** True where the map takes no more blocks once it is serialised, save bits of bitmaps that it points to. */
  mapFrozen: boolean
}

/** Who hands things over, and in which version: a kernel reads what it writes, and no other. */
export interface Users {
  /** Where memblock describes its regions: a blob, a node of the root FDT with `start` and `size`, or one with `mem`. */
  memblock: 'blob' | 'node' | 'mem-node' | null
  /** How lib/test_kho.c lists its folios. */
  khoTest: 'array' | 'vmalloc' | null
  kexecMetadata: boolean
  luo: Luo | null
  /** Version of memfds' structure. */
  memfd: 1 | 2 | null
  /** kho_preserve_vmalloc() and kho_restore_vmalloc() exist. */
  vmalloc: boolean
}

/** The live update orchestrator: the string of its blob, and what the blob is. */
export interface Luo {
  version: 'luo-v1' | 'luo-v5'
  form: 'fdt' | 'struct'
  /** How the structure begins, where it is one: as released where left out. */
  head?: LuoForm
  /** It hands over a table of objects bound to files' life cycle, and panics where there is none. */
  flbs: boolean
}

/** What a kernel's KHO does, as far as it shows in what it hands over. */
export interface Writes {
  /**
   * How the root FDT comes about. `notifier`: front to back at finalize, when users are called. `live`: made at boot and
   * changed in place. `segment`: built for the kexec image, with users' nodes in it.
   */
  root: 'notifier' | 'live' | 'segment'
  /** True where the map is serialised at finalize; later releases keep it valid. */
  finalize: boolean
  /**
   * -EBUSY for preservations after finalize: in v5 once there is an FDT, to 6.17 in kho_preserve_folio() and _phys(), in 6.18 in
   * __kho_preserve_order() (a4a508df2aa3). 6.19 takes them.
   */
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
  /** -ERANGE for keys wider than the radix tree has room for; before, they were stored as they are. */
  refusesWideKeys: boolean
  /** Largest order that the tracker can say: infinite where it can say all of them. */
  maxOrder: number
  /** False for arrays of ranges. */
  knowsOrders: boolean
  unpreserve: boolean
}

/** What a kernel checks, and does not check, of what it is handed: kho_populate() and kho_memory_init(). */
export interface Reads {
  /** False where the root's `compatible` is not looked at. */
  checksCompatible: boolean
  /** Where the map pointer is missing, of the wrong length or 0: refused whole, or an error and nothing reserved. */
  mapChecked: 'populate' | 'deserialize'
  /** A length of 0 for the scratch array: refused whole, or reported only. */
  emptyScratch: 'rejected' | 'reported'
  /** The size of a block is computed in an int, so that it is wrong from 2 GiB on. */
  intSize: boolean
  /** What page->private of a preserved head page holds: the order alone, the order and a magic number, or nothing. */
  marker: 'order' | 'magic' | 'none'
  /** kho_restore_page refuses orders above MAX_PAGE_ORDER. */
  maxOrder: boolean
  /** The page of the root FDT is itself restored in early boot, with a warning where it is not preserved. */
  restoresFdt: boolean
  /** kho_restore_vmalloc() reads past the end of a chunk page that is exactly full. */
  overrunsFullChunks: boolean
  /**
   * Blocks of memory, in bytes, that early allocations may come from besides scratch where nothing in them is preserved
   * and no page of the tracker lies in them: kho_extend_scratch(). Null where scratch is all that there is.
   */
  extendsScratch: number | null
  /** With `elfcorehdr=` on the command line nothing is reserved, whatever was passed. */
  kdumpReturnsEarly: boolean
  /** Early boot reserves the root FDT itself: patch v5 and what was posted on it. */
  reservesFdt: boolean
  /** Early boot reserves each page of the tracker as it comes to it: patch v5. */
  reservesTracker: boolean
  /**
   * How preserved memory is kept from the allocator: the map is walked and each block reserved in memblock, or
   * memblock_free_pages() asks the map of each page that it is about to hand over.
   */
  keeps: 'reserve' | 'skip'
  /** How far apart the walk takes the blocks of neighbouring bits to lie: a block, or a page whatever the order. */
  bitStride: 'block' | 'page'
  /** A folio's pages all get their counts when it is restored; before, one of an order above 0 was only made compound. */
  restoresCounts: boolean
  /** kho_restore_phys(): page by page, whatever page->private says. */
  restoresPhys: boolean
  /** kho_restore_folio() looks at the page only after it has seen that there is one. */
  checksPage: boolean
  /** What a posting leaves open and is taken for granted; null for what is code. */
  assumes: string | null
  /** libfdt refuses an FDT whose reserve map or structure block is not aligned: dtc 1.8. */
  alignedBlocks: boolean
  /** debugfs shows every child's FDT, and for that reads its totalsize while the kernel comes up. */
  readsFdtSizes: boolean
  /**
   * A scratch area may begin inside page 0, which is in no zone. To 7.1 kho_release_scratch() marks that pageblock from pfn 0
   * on: VM_BUG_ON_PAGE(!zone_spans_pfn()) in mm/page_alloc.c. 7.2 takes types while it makes struct pages, of zones alone
   * (bf480c613346). In 7.3.4 kho_init() is given a page of the area, kho_preserve_folio() warns and refuses it
   * (CONFIG_KEXEC_HANDOVER_DEBUG), and nothing is said after that.
   */
  takesPageZero: boolean
  /**
   * What makes a pageblock scratch: that an area has any of it (to 7.1, kho_release_scratch(), which rounds outwards; from 7.3 on
   * kho_scratch_migratetype()), or that its first page lies in one (7.2, memmap_init_range(): bf480c613346).
   */
  scratchTypes: 'overlap' | 'first-page'
  /**
   * A scratch area may begin inside a page. Else the kernel's own tree comes to lie in the area, which is refused, and the
   * area is given back while it is in use. As measured.
   */
  takesUnalignedScratch: boolean
  /** A test of lib/test_kho.c that fails says so; before, only the initcall's return value did. */
  saysTestFailed: boolean
}

/** How a kernel boots and jumps: what capture and replay hold on to. */
export interface Boot {
  /** Function at whose first instruction all is serialised. */
  jumpSymbol: string
  /** Function at whose first instruction nothing of the map was read, and nothing outside scratch was written. */
  earlySymbol: string
  /**
   * What makes the map complete: `debugfs`, 1 written to `out/finalize` before the next kernel is loaded; `reboot`, the
   * reboot call where LUO is on, else the same; null, nothing, it always is.
   */
  finalize: 'debugfs' | 'reboot' | null
  /** Names of the parameter that sizes scratch. A kernel hands those it does not know to init. */
  scratchParameters: readonly string[]
  /** Functions that memblock=debug names for reservations of the map; inlined ones go by who called them. */
  reservers: readonly string[]
}

/** A commit that made a kernel differ from the one before. */
export interface Change {
  what: string
  commit: string
}

/** One kernel, or one posting, as its file says it. */
export interface KernelRow<Abi extends string = string> {
  /** `7.2`, `6.17.9` for a point release from which on things differ, `7.4-rc`, `v5`. Stable on the command line. */
  name: string
  /** Of a posting, what it was and when; null for releases. */
  posting: string | null
  /** What utsname says where nobody says otherwise. */
  uname: string
  /** What it does that the one before does not. */
  changes: readonly Change[]
  layout: Layout<Abi>
  users: Users
  /** Null where no model carries it out. */
  writes: Writes | null
  /** Null where no model carries it out. */
  reads: Reads | null
  /** Null where it cannot be booted any more. */
  boot: Boot | null
}
