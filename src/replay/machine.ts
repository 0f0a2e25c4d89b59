import type { Range } from '../../formats/memory/range.js'

const MIB = 2 ** 20
const GIB = 2 ** 30

/** QEMU's q35: RAM of less than this is all low memory; with more, the first 2 GiB are. hw/i386/pc_q35.c. */
const LOW_LIMIT = 0xb0000000
const LOW_SPLIT = 2 * GIB

/** Firmware leaves its tables at the top of low memory. */
const TABLE_BYTES = 2 * MIB
/** SeaBIOS also writes just below the top's last 16 MiB, as it sets itself up: measured with 512M, 1G and 3G. */
const SETUP_DISTANCE = 16 * MIB
const SETUP_BYTES = 0x21000
/** How far down from the top of low memory firmware writes at all. */
export const FIRMWARE_REACH = SETUP_DISTANCE + SETUP_BYTES
/** ACPI tables are below the top of low memory; initrds are placed below these. hw/i386/x86.c. */
export const ACPI_BYTES = 0x20000

const STEP = 128 * MIB
const SMALLEST = 512 * MIB

/** RAM of a q35 guest: below 4 GiB and above it. */
export function guestRam(memory: number): Range[] {
  if (memory < LOW_LIMIT) return [{ start: 0, end: memory }]
  return [
    { start: 0, end: LOW_SPLIT },
    { start: 4 * GIB, end: 4 * GIB + memory - LOW_SPLIT },
  ]
}

/** End of low memory. */
export function lowMemoryEnd(memory: number): number {
  return memory < LOW_LIMIT ? memory : LOW_SPLIT
}

/** What firmware writes to at the end of low memory, before the kernel starts. */
export function firmwareRanges(memory: number): Range[] {
  const end = lowMemoryEnd(memory)
  return [
    { start: end - FIRMWARE_REACH, end: end - SETUP_DISTANCE },
    { start: end - TABLE_BYTES, end },
  ]
}

/**
 * The RAM of a guest, in steps of 128 MiB, that has memory wherever there was some, and room for firmware above what
 * is in use.
 *
 * @param ram the memory of the machine that the state comes from
 * @param used what of it must stay as it is
 */
export function memoryFor(ram: readonly Range[], used: readonly Range[]): number {
  // Firmware's flash, just below 4 GiB, is in dumps too.
  const memory = ram.filter(({ start }) => start < LOW_LIMIT || start >= 4 * GIB)
  const end = Math.max(lastEnd(memory), lastEnd(used) + FIRMWARE_REACH)
  const low = Math.max(SMALLEST, roundUp(end))
  return low < LOW_LIMIT ? low : Math.max(4 * GIB, roundUp(end - 4 * GIB + LOW_SPLIT))
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / STEP) * STEP
}

function lastEnd(ranges: readonly Range[]): number {
  return ranges.reduce((end, range) => Math.max(end, range.end), 0)
}
