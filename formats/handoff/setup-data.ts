import { ADDRESS_LIMIT } from '../memory/geometry.js'
import type { PhysicalMemory } from '../memory/physical-memory.js'
import { u64, viewOf } from '../memory/u64.js'

/*
 * struct setup_data with a struct kho_data behind it: how the next x86-64 kernel is told.
 * arch/x86/include/uapi/asm/setup_data.h, 6.16 to 7.2.
 */
export const SETUP_KEXEC_KHO = 10
export const SETUP_DATA_HEADER = 16
export const KHO_DATA_SIZE = 32

/** The bytes { type 10, len 32 } that every record has at offset 8. */
export const SETUP_DATA_MARK: Uint8Array = Uint8Array.of(SETUP_KEXEC_KHO, 0, 0, 0, KHO_DATA_SIZE, 0, 0, 0)

/** Where a hand-over is said to be: both pointers that a kernel is given. */
export interface Handover {
  /** Physical address of the record itself. */
  address: number
  fdtAddress: number
  fdtSize: number
  scratchAddress: number
  scratchSize: number
}

/** The record at `address`, or null where the bytes are absent or are no KHO record. */
export function readSetupData(memory: PhysicalMemory, address: number): Handover | null {
  const read = memory.read(address, SETUP_DATA_HEADER + KHO_DATA_SIZE)
  if (!read.ok) return null
  const view = viewOf(read.bytes)
  if (view.getUint32(8, true) !== SETUP_KEXEC_KHO || view.getUint32(12, true) !== KHO_DATA_SIZE) return null
  const handover = {
    address,
    fdtAddress: u64(view, 16),
    fdtSize: u64(view, 24),
    scratchAddress: u64(view, 32),
    scratchSize: u64(view, 40),
  }
  return isPlausible(handover) ? handover : null
}

/** setup_kho() writes whole pages, a page aligned FDT and an array of 16-byte areas; anything else is chance. */
function isPlausible(handover: Handover): boolean {
  const { fdtAddress, fdtSize, scratchAddress, scratchSize } = handover
  return (
    fdtAddress > 0 &&
    fdtAddress < ADDRESS_LIMIT &&
    fdtAddress % 4096 === 0 &&
    fdtSize >= 4096 &&
    fdtSize < 2 ** 32 &&
    fdtSize % 4096 === 0 &&
    scratchAddress > 0 &&
    scratchAddress < ADDRESS_LIMIT &&
    scratchSize > 0 &&
    scratchSize % 16 === 0
  )
}
