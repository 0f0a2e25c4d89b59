import { appendPath } from '../../layout/index.js'
import { hex } from '../../memory/fault.js'
import { ADDRESS_LIMIT } from '../../memory/geometry.js'
import type { PhysicalMemory, Present } from '../../memory/physical-memory.js'
import { u64, viewOf } from '../../memory/u64.js'
import type { TrackerRoot } from '../place.js'

/** Bytes of a native u64, as tables hold them. */
export const WORD = 8

/** The path of a tracker's page or object. */
export function nodePath(address: number): string {
  return appendPath('tracker', 'nodes', hex(address))
}

/** The first bytes of a tracker, where its root names an address and the dump has it. */
export function readStart(
  memory: PhysicalMemory,
  { addresses }: TrackerRoot,
  length: number,
): Present | null {
  const [address = 0] = addresses
  const read = address > 0 && address < ADDRESS_LIMIT ? memory.read(address, length) : null
  return read?.ok ? read : null
}

/** A u64 of the image as an address; 0 where the dump lacks it or it is none. */
export function addressAt(memory: PhysicalMemory, address: number): number {
  const read = memory.read(address, WORD)
  const value = read.ok ? u64(viewOf(read.bytes), 0) : 0
  return value < ADDRESS_LIMIT ? value : 0
}

/** True where a bit of a bitmap of `size` bytes is set; a bit before or behind it is not. */
export function bitAt(memory: PhysicalMemory, bitmap: number, bit: number, size: number): boolean {
  const byte = Math.floor(bit / 8)
  const read = byte >= 0 && byte < size ? memory.read(bitmap + byte, 1) : null
  return read?.ok === true && ((read.bytes[0]! >>> (bit % 8)) & 1) === 1
}
