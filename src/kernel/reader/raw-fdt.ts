import type { RawFdt } from '../../../formats/fdt/index.js'
import { viewOf } from '../../../formats/memory/u64.js'
import type { ReaderMemory } from './memory.js'

/** Bytes that are fetched at once: what a look-up touches of a page is not told finer. */
const PIECE = 64

/** Bytes of a header of version 17. */
const HEADER_BYTES = 40

/**
 * An FDT where a kernel has it: at a physical address, read as its code reads it. Reading may throw Halt. `most` is a page's
 * size where the memory map stays as it is while the FDT is read: then all that is there of a page is fetched with its first word.
 */
export function rawFdt(memory: ReaderMemory, address: number, most = PIECE): RawFdt {
  const pieces = new Map<number, DataView>()
  let start = 0
  let end = 0
  let view: DataView = viewOf(new Uint8Array(0))
  /** Words of the header, which libfdt looks at in every call; -1 where it has not yet. */
  const header: number[] = new Array(HEADER_BYTES).fill(-1)
  const sizes = most === PIECE ? [PIECE] : [most, PIECE]
  /** The piece that begins at an address; null where only a part of it is there. */
  const fetch = (first: number, size: number): Uint8Array | null => {
    const bytes = memory.whole(first, size)
    // What is there all the same is not in the direct map.
    return bytes === null && size === PIECE && memory.has(first, size) ? memory.read(first, size) : bytes
  }
  /**
   * Makes the piece of an address the one at hand. False where only a part of it is there, and for what lies below zero, as
   * pointers that wrap around do: each byte is asked for by itself then.
   */
  const turnTo = (at: number): boolean => {
    if (at < 0) return false
    for (const size of sizes) {
      const first = at - (at % size)
      let piece = pieces.get(first)
      if (piece === undefined || first + piece.byteLength <= at) {
        const bytes = fetch(first, size)
        if (bytes === null) continue
        piece = viewOf(bytes)
        pieces.set(first, piece)
      }
      start = first
      end = first + piece.byteLength
      view = piece
      return true
    }
    return false
  }
  const has = (at: number, length: number) =>
    (at >= start && at + length <= end) || (turnTo(at) && at + length <= end)
  const byte = (offset: number): number => {
    const at = address + offset
    return has(at, 1) ? view.getUint8(at - start) : (memory.read(at, 1)[0] as number)
  }
  const word = (offset: number): number => {
    const at = address + offset
    if (has(at, 4)) return view.getUint32(at - start)
    return byte(offset) * 2 ** 24 + byte(offset + 1) * 2 ** 16 + byte(offset + 2) * 2 ** 8 + byte(offset + 3)
  }
  return {
    address,
    byte,
    word(offset) {
      if (offset < 0 || offset >= HEADER_BYTES) return word(offset)
      const known = header[offset] as number
      if (known >= 0) return known
      const found = word(offset)
      header[offset] = found
      return found
    },
  }
}
