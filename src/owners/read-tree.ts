import { type FdtTree, readFdt } from '../../formats/fdt/index.js'
import type { KhoState } from '../image/state.js'

/** The device tree of a blob whose decoder kept only what it knows; null where the dump lacks it. */
export function readTreeAt(state: KhoState, address: number, size: number): FdtTree | null {
  const read = state.image.memory.read(address, size)
  return read.ok ? readFdt(read.bytes).tree : null
}
