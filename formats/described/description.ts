import type { ScalarType } from '../layout/field.js'

/**
 * Structures that no release of this package knows: what some handler, FLB or child of the root hands over, told as
 * data. Written as YAML for `--layout`; series that were posted and not merged ship in the same form.
 */
export interface Description {
  /** What it is about, in a few words. */
  title: string
  /** The series that posted it, and when; null for what a user describes. */
  posted: Posting | null
  /** Structures by the compatible string of their LUO file handler: the first that fits is taken. */
  handlers: Readonly<Record<string, readonly string[]>>
  /** The same by the name of an FLB object. */
  flbs: Readonly<Record<string, readonly string[]>>
  /** The same by the name of a child of the root FDT. */
  children: Readonly<Record<string, readonly string[]>>
  structs: Readonly<Record<string, DescribedStruct>>
}

/** Where a structure was posted. */
export interface Posting {
  /** Subject of the series, or the branch. */
  series: string
  /** `2026-09-18`, or a month. */
  date: string
}

/** One structure. */
export interface DescribedStruct {
  /** Bytes; null for up to the end of its last field. */
  size: number | null
  doc: string
  fields: readonly DescribedField[]
  /** Set for what stands for a file. */
  content: ContentFields | null
  /** The structure is this one only in a state that has an FLB object of this name: a series is posted as a whole. */
  beside: string | null
}

/** Which fields say what is in a file. */
export interface ContentFields {
  /** The list of its folios. */
  folios: string
  /** Of an entry: the page offset at which it goes. */
  index: string
  /** The file's bytes. */
  size: string
  /** Of an entry: the bit without which the kernel shows zeros. */
  uptodate?: string | undefined
}

/** One field. */
export interface DescribedField {
  /** In the kernel's spelling or any other; it becomes a segment of paths. */
  name: string
  /** Bytes from the start of the structure. */
  offset: number
  /** A scalar, or the name of a structure of the description; `kho_vmalloc` is always known. */
  type: ScalarType | { struct: string }
  /** Bytes of `chars` and `bytes`. */
  length: number | null
  /** The value is a two's complement number. */
  signed: boolean
  bits: readonly { name: string; shift: number; width: number }[]
  doc: string
  /** Where its value leads. */
  to: Target | null
  /** The values that a reader takes; null where it takes all. */
  is: readonly bigint[] | null
  /** Values that it never has, by which forms of one name are told apart. */
  not: readonly bigint[]
  show: Show
}

/** How a number is shown: as it is in the kernel's debug output, counted, in bytes, or as people write it. */
export type Show = (typeof SHOWS)[number]

/** Every `Show`; `auto`: 64 bits in hex, fewer in decimal. */
export const SHOWS = ['auto', 'hex', 'count', 'size', 'token'] as const

/** Where an address or a `kho_vmalloc` leads. */
export type Target =
  /** One structure. */
  | { kind: 'struct'; struct: string }
  /** A chain of KHO blocks: `{u64 next; u64 count;}` and entries, each a page. */
  | { kind: 'blocks'; struct: string }
  /** The same, where each has as many entries as it says, in as many pages as they take. */
  | { kind: 'chain'; struct: string }
  /** Entries in a preserved vmalloc area; `count` is the field that counts them. */
  | { kind: 'vmalloc'; struct: string; count: string }
  /** As many entries as the number says follow the structure. */
  | { kind: 'tail'; struct: string }
  /** So many pages of memory, or the whole preserved block that begins there. */
  | { kind: 'pages'; pages: number | null }
  /** The page frame number in these bits is a folio's head. */
  | { kind: 'folio'; bits: string }
  /** A tree of tables of 512 entries; `levels` is a field or a number. */
  | { kind: 'tables'; levels: string | number }
