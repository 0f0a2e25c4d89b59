import type { RawFdt } from '../../../formats/fdt/index.js'
import { viewOf } from '../../../formats/memory/u64.js'
import type { ReaderMemory } from './memory.js'

/** Bytes that are fetched at once: what a look-up touches of a page is not told finer. */
const PIECE = 64

/** Bytes of a header of version 17. */
const HEADER_BYTES = 40

/** An FDT where a kernel has it: at a physical address, read as its code reads it. Reading may throw Halt. */
export function rawFdt(memory: ReaderMemory, address: number): RawFdt {
  const pieces = new Map<number, DataView>()
  let lastStart = -1
  let lastView: DataView | null = null
  /** Words of the header, which libfdt looks at in every call. */
  const header: number[] = []
  /** The piece that begins at an address; null where only a part of it is there: each byte is asked for by itself then. */
  const pieceAt = (start: number): DataView | null => {
    if (start === lastStart) return lastView
    let view = pieces.get(start)
    if (view === undefined) {
      if (start < 0 || !memory.has(start, PIECE)) return null
      view = viewOf(memory.read(start, PIECE))
      pieces.set(start, view)
    }
    lastStart = start
    lastView = view
    return view
  }
  /** How far into its piece an address is; those below zero are what pointers that wrap around come to. */
  const withinPiece = (at: number) => ((at % PIECE) + PIECE) % PIECE
  const byte = (offset: number): number => {
    const at = address + offset
    const within = withinPiece(at)
    return pieceAt(at - within)?.getUint8(within) ?? (memory.read(at, 1)[0] as number)
  }
  const word = (offset: number): number => {
    const within = withinPiece(address + offset)
    const view = within > PIECE - 4 ? null : pieceAt(address + offset - within)
    return (
      view?.getUint32(within) ??
      byte(offset) * 2 ** 24 + byte(offset + 1) * 2 ** 16 + byte(offset + 2) * 2 ** 8 + byte(offset + 3)
    )
  }
  return {
    address,
    byte,
    word(offset) {
      if (offset < 0 || offset >= HEADER_BYTES) return word(offset)
      header[offset] ??= word(offset)
      return header[offset]
    },
  }
}
