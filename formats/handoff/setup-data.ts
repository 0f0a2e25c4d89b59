import { KHO_DATA, SETUP_DATA_KHO } from '../layout/setup-data.js'
import type { PhysicalMemory } from '../memory/physical-memory.js'

/*
 * struct setup_data with a struct kho_data behind it: how the next x86-64 kernel is told.
 * arch/x86/include/uapi/asm/setup_data.h, 6.16 to 7.2.
 */
export const SETUP_KEXEC_KHO = 10
/** Bytes of KHO's data in a record. */
export const KHO_DATA_SIZE = KHO_DATA.size

/** The bytes { type 10, len 32 } that every record has at offset 8. */
export const SETUP_DATA_MARK: Uint8Array = Uint8Array.of(SETUP_KEXEC_KHO, 0, 0, 0, KHO_DATA.size, 0, 0, 0)

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
  const read = memory.read(address, SETUP_DATA_KHO.size)
  if (!read.ok) return null
  const { header, data } = SETUP_DATA_KHO.read(read.bytes)
  if (header.type !== SETUP_KEXEC_KHO || header.len !== KHO_DATA.size) return null
  const handover = {
    address,
    fdtAddress: data.fdtAddr ?? 0,
    fdtSize: Number(data.fdtSize),
    scratchAddress: data.scratchAddr ?? 0,
    scratchSize: Number(data.scratchSize),
  }
  return isPlausible(handover) ? handover : null
}

/**
 * setup_kho() gives a page aligned FDT of whole pages; anything else is chance. The scratch array is not asked for: a
 * record that names a root is one, whatever it says of the array.
 */
function isPlausible({ fdtAddress, fdtSize }: Handover): boolean {
  return (
    fdtAddress > 0 && fdtAddress % 4096 === 0 && fdtSize >= 4096 && fdtSize < 2 ** 32 && fdtSize % 4096 === 0
  )
}
