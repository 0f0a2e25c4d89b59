import type { RawFdt } from '../../../formats/fdt/index.js'
import { viewOf } from '../../../formats/memory/u64.js'
import type { ReaderMemory } from './memory.js'

/** Bytes that are fetched at once: what a look-up touches of a page is not told finer. */
const PIECE = 64

/** An FDT where a kernel has it: at a physical address, read as its code reads it. Reading may throw Halt. */
export function rawFdt(memory: ReaderMemory, address: number): RawFdt {
  const pieces = new Map<number, DataView>()
  /** The piece that an offset lies in; null where the dump lacks a part of it. */
  const pieceAt = (offset: number): DataView | null => {
    const start = address + offset - ((address + offset) % PIECE)
    let view = pieces.get(start)
    if (view === undefined) {
      if (!memory.has(start, PIECE)) return null
      view = viewOf(memory.read(start, PIECE))
      pieces.set(start, view)
    }
    return view
  }
  const byte = (offset: number): number => {
    const at = address + offset
    // Where only a part of the piece is there, each byte is asked for by itself.
    return pieceAt(offset)?.getUint8(at % PIECE) ?? (memory.read(at, 1)[0] as number)
  }
  return {
    address,
    byte,
    word(offset) {
      const inside = (address + offset) % PIECE
      const piece = inside <= PIECE - 4 ? pieceAt(offset) : null
      if (piece !== null) return piece.getUint32(inside)
      return (
        byte(offset) * 2 ** 24 + byte(offset + 1) * 2 ** 16 + byte(offset + 2) * 2 ** 8 + byte(offset + 3)
      )
    },
  }
}
