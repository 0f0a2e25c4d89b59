import { cellBytes, createFdtWriter, stringBytes } from '../../formats/fdt/index.js'
import { CHOSEN_FDT, CHOSEN_SCRATCH } from '../../formats/handoff/chosen.js'
import { SCRATCH_ENTRY, type ScratchArea } from '../../formats/handoff/scratch.js'
import { SETUP_KEXEC_KHO } from '../../formats/handoff/setup-data.js'
import { KHO_DATA, KHO_SCRATCH, SETUP_DATA_KHO } from '../../formats/layout/index.js'
import type { MemoryBuilder } from '../../formats/memory/memory-builder.js'
import type { Range } from '../../formats/memory/range.js'
import { viewOf } from '../../formats/memory/u64.js'

/** What the next kernel is told. */
export interface HandoverSpec {
  arch: 'x86_64' | 'arm64'
  ram: readonly Range[]
  scratch: readonly ScratchArea[]
  /** The root FDT: a page of its own, or, in the early series, bytes of a kexec segment. */
  fdt: { address: number; size: number } | { bytes: Uint8Array }
  /**
   * `staged`: before the jump, in source pages of the kexec image, with nothing in place yet. `placed`: after it, in
   * scratch.
   */
  when: 'staged' | 'placed'
}

/** Where the pieces lie. */
export interface WrittenHandover {
  /** The root FDT, as it lies in memory now. */
  root: number
  /** The x86 setup_data record, or the device tree, as it lies in memory now. */
  record: number
  /** Where the scratch array is, or will be. */
  scratchArray: number
  /** Bytes of it. */
  scratchBytes: number
}

/** Kexec segments that KHO adds are aligned so: kho_fill_kimage(). */
const SEGMENT_ALIGN = 2 ** 16
/** Where a device tree is booted from on arm64. */
const DTB_ALIGN = 2 ** 21
/** hdr.setup_data in struct boot_params, and what boot_params are recognised by. */
const BOOT_PARAMS_SETUP_DATA = 0x250
const BOOT_PARAMS_MAGIC = 0x202
const HDRS = 0x53726448

/**
 * Writes what leads the next kernel to the root FDT: on x86 boot_params with a setup_data record behind them, on arm64
 * a device tree with /chosen; and the array of scratch areas. Null where no scratch area has room for it: then that
 * kernel boots without KHO.
 */
export function writeHandover(builder: MemoryBuilder, spec: HandoverSpec): WrittenHandover | null {
  const { pageSize } = builder.geometry
  const array = encodeScratchArray(spec.scratch)
  const fdtBytes = 'bytes' in spec.fdt ? spec.fdt.bytes.length : 0
  const home = placeSegments(spec, array.length, fdtBytes, pageSize)
  if (home === null) return null
  const paged = Math.ceil(array.length / pageSize)
  // Before the jump the array's place still holds what was there before: here nothing.
  const target = builder.place(home.array, paged)
  if (spec.when === 'placed') target.bytes.set(array)
  else builder.allocate(paged).bytes.set(array)
  const { fdt } = spec
  const segment = 'bytes' in fdt ? writeSegment(builder, fdt.bytes, home.fdt, spec.when) : null
  const named = 'bytes' in fdt ? { address: home.fdt, size: roundUp(fdt.bytes.length, pageSize) } : fdt
  const told = { fdt: named, scratchArray: home.array, scratchBytes: array.length }
  const bytes = spec.arch === 'x86_64' ? encodeBootParams(home.boot, told) : encodeDeviceTree(spec.ram, told)
  const pages = Math.ceil(bytes.length / pageSize)
  const boot = spec.when === 'placed' ? builder.place(home.boot, pages) : builder.allocate(pages)
  boot.bytes.set(bytes)
  const record = boot.address + (spec.arch === 'x86_64' ? BOOT_PARAMS_SIZE : 0)
  return { root: segment ?? named.address, record, scratchArray: home.array, scratchBytes: array.length }
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit
}

/** Puts a kexec segment in its place, or into source pages; gives where its bytes are. */
function writeSegment(
  builder: MemoryBuilder,
  bytes: Uint8Array,
  home: number,
  when: HandoverSpec['when'],
): number {
  const count = Math.ceil(bytes.length / builder.geometry.pageSize)
  const pages = when === 'placed' ? builder.place(home, count) : builder.allocate(count)
  pages.bytes.set(bytes)
  return pages.address
}

/** struct boot_params: one page on x86. */
const BOOT_PARAMS_SIZE = 4096

/** The bytes of an array of struct kho_scratch. */
function encodeScratchArray(areas: readonly ScratchArea[]): Uint8Array {
  const bytes = new Uint8Array(areas.length * SCRATCH_ENTRY)
  areas.forEach(({ start, size }, n) => {
    KHO_SCRATCH.write(bytes, n * SCRATCH_ENTRY, { addr: start, size: BigInt(size) })
  })
  return bytes
}

/** Top down in the first area with room, as kho_locate_mem_hole() searches. */
function placeSegments(
  spec: HandoverSpec,
  arrayBytes: number,
  fdtBytes: number,
  pageSize: number,
): { array: number; boot: number; fdt: number } | null {
  const align = spec.arch === 'x86_64' ? Math.max(pageSize, 4096) : DTB_ALIGN
  const below = (end: number, size: number, unit: number) =>
    Math.floor((end - roundUp(size, pageSize)) / unit) * unit
  for (const { start, size } of spec.scratch) {
    const array = below(start + size, arrayBytes, SEGMENT_ALIGN)
    const fdt = fdtBytes === 0 ? array : below(array, fdtBytes, SEGMENT_ALIGN)
    const boot = below(fdt, 2 * BOOT_PARAMS_SIZE, align)
    if (size > 0 && boot >= start) return { array, boot, fdt }
  }
  return null
}

interface Told {
  fdt: { address: number; size: number }
  scratchArray: number
  scratchBytes: number
}

/** boot_params whose list of setup_data is the one record behind them; `home` is where they will lie. */
function encodeBootParams(home: number, told: Told): Uint8Array {
  const bytes = new Uint8Array(BOOT_PARAMS_SIZE + SETUP_DATA_KHO.size)
  const view = viewOf(bytes)
  view.setUint32(BOOT_PARAMS_MAGIC, HDRS, true)
  view.setBigUint64(BOOT_PARAMS_SETUP_DATA, BigInt(home + BOOT_PARAMS_SIZE), true)
  SETUP_DATA_KHO.write(bytes, BOOT_PARAMS_SIZE, {
    header: { next: 0, type: SETUP_KEXEC_KHO, len: KHO_DATA.size },
    data: {
      fdtAddr: told.fdt.address,
      fdtSize: BigInt(told.fdt.size),
      scratchAddr: told.scratchArray,
      scratchSize: BigInt(told.scratchBytes),
    },
  })
  return bytes
}

/** A device tree with memory and /chosen. kho_add_chosen() of drivers/of/kexec.c, 7.2: the FDT first, so it comes last. */
function encodeDeviceTree(ram: readonly Range[], told: Told): Uint8Array {
  const writer = createFdtWriter(BOOT_PARAMS_SIZE)
  const pair = (address: number, size: number) => cellBytes(...cellPair(address), ...cellPair(size))
  writer.beginNode('')
  writer.property('compatible', stringBytes('linux,dummy-virt'))
  writer.property('#address-cells', cellBytes(2))
  writer.property('#size-cells', cellBytes(2))
  for (const { start, end } of ram) {
    writer.beginNode(`memory@${start.toString(16)}`)
    writer.property('device_type', stringBytes('memory'))
    writer.property('reg', pair(start, end - start))
    writer.endNode()
  }
  writer.beginNode('chosen')
  writer.property(CHOSEN_SCRATCH, pair(told.scratchArray, told.scratchBytes))
  writer.property(CHOSEN_FDT, pair(told.fdt.address, told.fdt.size))
  writer.endNode()
  writer.endNode()
  return writer.finish()
}

function cellPair(value: number): [number, number] {
  return [Math.floor(value / 2 ** 32), value % 2 ** 32]
}
