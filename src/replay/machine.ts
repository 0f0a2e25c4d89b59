import type { Range } from '../../formats/memory/range.js'
import type { Arch } from '../guest/arch.js'

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

/** What a replay has to know of the machine that QEMU makes: amounts of memory are in bytes. */
export interface Board {
  ram(memory: number): Range[]
  /** Where a kernel may be loaded to, from its own wish on. */
  kernelRange(memory: number): Range
  /** What is written over before the kernel runs, wherever that is. */
  firmware(memory: number): { what: string; start: number; end: number }[]
  /** The least RAM that has memory wherever there was some, and room for what is in use. */
  memoryFor(ram: readonly Range[], used: readonly Range[]): number
  /** Where an area may be chosen for a state that has no scratch. */
  choices(memory: number): Range
}

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
function firmwareRanges(memory: number): Range[] {
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

/** The low part is left alone: firmware, and where a kernel may not stay. */
const LOWEST_AREA = 16 * MIB

const Q35: Board = {
  ram: guestRam,
  kernelRange: memory => ({ start: MIB + 4096, end: lowMemoryEnd(memory) }),
  firmware: memory => [
    { what: 'firmware and real-mode code', start: 0, end: MIB },
    ...firmwareRanges(memory).map(range => ({ what: 'firmware at work', ...range })),
  ],
  memoryFor,
  choices: memory => ({ start: LOWEST_AREA, end: lowMemoryEnd(memory) - FIRMWARE_REACH }),
}

/** QEMU's virt: RAM begins here, and with it the device tree that QEMU makes in any case. hw/arm/virt.c, boot.c. */
const VIRT_BASE = GIB
const VIRT_TREE_BYTES = MIB
/** A kernel with pages of 64K aligns scratch to 512 MiB: less leaves no room for it. */
const VIRT_SMALLEST = GIB

const VIRT: Board = {
  ram: memory => [{ start: VIRT_BASE, end: VIRT_BASE + memory }],
  kernelRange: memory => ({ start: VIRT_BASE, end: VIRT_BASE + memory }),
  firmware: () => [{ what: "QEMU's device tree", start: VIRT_BASE, end: VIRT_BASE + VIRT_TREE_BYTES }],
  memoryFor: (ram, used) =>
    Math.max(VIRT_SMALLEST, roundUp(Math.max(lastEnd(ram), lastEnd(used)) - VIRT_BASE)),
  choices: memory => ({ start: VIRT_BASE + VIRT_TREE_BYTES, end: VIRT_BASE + memory }),
}

/** The machine of each kind of kernel. */
export const BOARD: Readonly<Record<Arch, Board>> = { x86_64: Q35, arm64: VIRT }

function roundUp(bytes: number): number {
  return Math.ceil(bytes / STEP) * STEP
}

function lastEnd(ranges: readonly Range[]): number {
  return ranges.reduce((end, range) => Math.max(end, range.end), 0)
}
