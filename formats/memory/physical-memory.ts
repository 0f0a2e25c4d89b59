import { KhoError } from '../error.js'
import type { Absence } from './fault.js'
import type { Range } from './range.js'
import { createRangeLog } from './range-log.js'

/** Bytes that the dump has. */
export interface Present {
  ok: true
  /** A view where the container allows it, valid until the memory is closed. Never to be written to. */
  bytes: Uint8Array
  /** Offset in the dump file, or null where the bytes have no one place there (compressed, assembled). */
  offset: number | null
}

/** Bytes that the dump does not have, and why. */
export interface Absent {
  ok: false
  reason: Absence
  /** The first address of the request that is not there. */
  address: number
}

/** A piece of present memory, as met in a sequential pass over the dump. */
export interface Block {
  /** Physical address of the first byte. */
  phys: number
  bytes: Uint8Array
  offset: number | null
}

/** What who looks through memory passes over: all of it, or one part. */
export interface MemoryPass {
  /** As `PhysicalMemory.blocks('written')`. */
  blocks(): Iterable<Block>
  /** As `PhysicalMemory.pageHeads`. */
  pageHeads?(visit: (phys: number, head: Uint8Array) => void): void
}

/** How a pass over all of a memory is cut into parts. */
export interface MemoryParts {
  /**
   * Ascending positions in the pass, from its beginning to its end, each about `bytes` of memory from the next, which are the
   * ends of its parts: all of them in turn give what the whole pass gives, block by block where memory is not compressed.
   */
  cuts(bytes: number): Float64Array
  /** The part between two of them. */
  pass(from: number, to: number): MemoryPass
}

/** A dump seen as physical memory. */
export interface PhysicalMemory {
  /** RAM that the dump knows of, sorted, disjoint, merged; pages in it may still be absent. */
  readonly ranges: readonly Range[]
  /** Size in bytes of what was opened (bounds every loop over it). */
  readonly inputSize: number
  /** All of `[phys, phys + length)`, or the reason why not. */
  read(phys: number, length: number): Present | Absent
  /**
   * Every present byte once, in the order that reads the file fastest. Blocks begin at multiples of 4 KiB of
   * physical address where the container's pieces do. A block's bytes are valid only until the next one.
   * `from` resumes nothing: callers stop by leaving the loop. `written` leaves out what is known to be zeros without a
   * look at it, such as holes of a sparse file: for who looks for something.
   */
  blocks(which?: 'all' | 'written'): Iterable<Block>
  /** Bytes that `blocks('written')` gives, where those are fewer. */
  writtenBytes?(): number | null
  /** What `blocks()` gives, where that can be told without a pass. */
  present?(): Range[]
  /** Bytes that `blocks()` gives, where that is not about `inputSize`: for who shows how far a pass has come. */
  readonly presentBytes?: number
  /**
   * The first bytes (64) of every present page of 4 KiB, valid during the call, where they cost less than all of the
   * page: for who looks for what begins with a page. Else there is only `blocks()`.
   */
  pageHeads?(visit: (phys: number, head: Uint8Array) => void): void
  /** For who has several threads look through it at once. */
  readonly parts?: MemoryParts
}

/** All memory that a dump has bytes for: at most one pass over it. For what claims to be far larger than the dump. */
export function presentRanges(memory: PhysicalMemory): Range[] {
  if (memory.present !== undefined) return memory.present()
  const log = createRangeLog()
  for (const { phys, bytes } of memory.blocks()) log.add(phys, phys + bytes.length)
  return log.list()
}

/**
 * Refuses what is no request: whoever reads has checked that it is asking for memory that can be.
 *
 * @throws KhoError `usage`
 */
export function checkRequest(phys: number, length: number): void {
  if (!Number.isSafeInteger(phys) || !Number.isSafeInteger(length) || phys < 0 || length < 0) {
    throw new KhoError('usage', `read of ${length} bytes at physical address ${phys}`)
  }
}
