import type { Struct } from '../layout/field.js'
import type { Range } from '../memory/range.js'
import type { Gap, Memfd } from './memory-types.js'

/** The state of the Live Update Orchestrator. include/linux/kho/abi/luo.h, 6.19 to 7.2. */
export interface Luo {
  kind: 'luo'
  /** `fdt`: 6.19 to 7.1, sessions and files in arrays. `struct`: 7.2, in chains of blocks. */
  form: 'fdt' | 'struct'
  compatible: string
  /** The blob's structure; null in the FDT form. */
  struct: Struct | null
  /** Masks in place of a version, as posted; null in every release. */
  features: LuoFeatures | null
  /** The blob itself: struct luo_ser, or the FDT. */
  extent: Range
  /** Live updates so far, the one at hand included; null where the FDT lacks it. */
  liveupdateNumber: bigint | null
  /** First block of sessions, or the array; 0 where there is none, null where the value is no address. */
  sessionsAddress: number | null
  /** The page of file-lifecycle-bound objects; 0 where there is none, null where the value is no address. */
  flbsAddress: number | null
  /** The chain that the sessions are in; none in the FDT form. */
  blocks: KhoBlock[]
  /** The array that the sessions are in, header included; null in the struct form. */
  sessionArray: Range | null
  sessions: LuoSession[]
  /** What the dump lacks of the list of sessions; null where it is whole, or broken. */
  gap: Gap | null
  /** Null where there is no page of them, or none that could be read. */
  flbs: LuoFlbs | null
}

/** Masks in place of a version. */
export interface LuoFeatures {
  supported: bigint
  required: bigint
  active: bigint
}

/** One block of a chain: a page. include/linux/kho/abi/block.h, 7.2. */
export interface KhoBlock {
  path: string
  extent: Range
  /** Entries in it, as its header says; null where the u64 is 2^53 or more. */
  count: number | null
}

/** One session. */
export interface LuoSession {
  /** A byte string, as far as its NUL. */
  name: string
  path: string
  extent: Range
  /** First block of files, or their array; 0 for none, null where the value is no address. */
  filesAddress: number | null
  /** Files that it says it has; null where the u64 is 2^53 or more. */
  fileCount: number | null
  /** The chain that its files are in; none in the FDT form. */
  blocks: KhoBlock[]
  /** The array that its files are in; null in the struct form. */
  fileArray: Range | null
  files: LuoFile[]
  /** What the dump lacks of the list of files; null where it is whole, or broken. */
  gap: Gap | null
}

/** One preserved file. */
export interface LuoFile {
  /** Names the handler and its format; a byte string, as far as its NUL. */
  compatible: string
  /** The handler's own handle: of a memfd, its structure's physical address. */
  data: bigint
  /** User space's name for the file. */
  token: bigint
  path: string
  extent: Range
  /** What the handle leads to; null where the handler is not memfd's or the bytes are not there. */
  memfd: Memfd | null
}

/** The page of file-lifecycle-bound objects, 7.0 to 7.2. */
export interface LuoFlbs {
  path: string
  /** The page. */
  extent: Range
  /** Pages that its header says it has: 1. */
  pages: bigint
  /** Objects that its header says it has. Until the reboot call 0, with the rest of the page unwritten. */
  count: bigint
  entries: LuoFlb[]
}

/** One object that several files share. */
export interface LuoFlb {
  /** Its compatible string; a byte string, as far as its NUL. */
  name: string
  /** Its own handle. */
  data: bigint
  /** Files that depend on it. */
  count: bigint
  path: string
  extent: Range
}
