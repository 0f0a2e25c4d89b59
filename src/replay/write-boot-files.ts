import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { ELF_MACHINE, type ElfWriterSegment, writeElf } from '../../formats/dumps/elf-writer.js'
import { KHO_DATA_SIZE, SETUP_KEXEC_KHO } from '../../formats/handoff/setup-data.js'
import { SETUP_DATA_KHO } from '../../formats/layout/setup-data.js'
import type { PhysicalMemory } from '../../formats/memory/physical-memory.js'
import type { Place, Range } from '../../formats/memory/range.js'
import type { Arch } from '../guest/arch.js'
import { type BootImage, patchBootImage } from '../guest/boot-image.js'
import { arm64Entry, machineTree } from '../guest/device-tree.js'
import type { GuestMachine } from '../guest/qemu-args.js'
import type { BootPlan } from './boot-plan.js'
import { encodeScratchArray, type HandedOver } from './handed-over.js'
import { rangeSource } from './load-ranges.js'

/** Files that QEMU is started with. */
export interface BootFiles {
  /** The patched copy of the boot image; null where the kernel is in memory, and begins at the plan's record. */
  kernel: string | null
  /** The ELF file with what was handed over, and with what the plan puts in memory. */
  state: string
  /** Null where the initramfs is in memory already. */
  initrd: string | null
}

/** What a guest begins with. */
export function beginningOf({ kernel }: BootFiles, plan: BootPlan): Pick<GuestMachine, 'kernel' | 'entry'> {
  return kernel === null ? { entry: plan.recordAt } : { kernel }
}

export interface BootContents {
  image: BootImage
  initrd: Uint8Array
  plan: BootPlan
  handed: HandedOver
  cmdline: string
  /** RAM of the guest in bytes. */
  ram: number
  /** Where the state's bytes are. */
  memory: PhysicalMemory
  /** What of it is loaded. */
  ranges: readonly Range[]
}

/** Writes the loadable state and the patched copy of the boot image. */
export function writeBootFiles(folder: string, contents: BootContents): BootFiles {
  const { image, initrd, plan } = contents
  const kernel = join(folder, 'bzImage')
  const state = join(folder, 'state.elf')
  const inMemory = plan.kernelAt !== null && plan.initrdAt !== null
  writeState(state, segmentsOf(contents, folder), image.arch)
  if (image.arch === 'arm64') return { kernel: null, state, initrd: null }
  writeFileSync(
    kernel,
    patchBootImage(image, {
      setupData: plan.recordAt,
      ...(inMemory
        ? { kernelAt: plan.kernelAt!, initrd: { address: plan.initrdAt!, size: initrd.length } }
        : {}),
    }),
  )
  if (inMemory) return { kernel, state, initrd: null }
  const path = join(folder, 'initrd')
  writeFileSync(path, initrd)
  return { kernel, state, initrd: path }
}

function segmentsOf(contents: BootContents, folder: string): ElfWriterSegment[] {
  const { image, initrd, plan, handed, memory, ranges } = contents
  const segments: ElfWriterSegment[] = ranges.map(range => ({
    phys: range.start,
    content: rangeSource(memory, range),
  }))
  const { kernelAt, treeAt } = plan
  const isTree = treeAt !== null && kernelAt !== null
  const record = isTree ? arm64Entry(kernelAt, treeAt) : encodeRecord(plan, handed)
  segments.push({ phys: plan.recordAt, content: record })
  if (treeAt !== null) segments.push({ phys: treeAt, content: encodeTree(contents, folder) })
  if (plan.arrayAt !== null) segments.push({ phys: plan.arrayAt, content: encodeScratchArray(handed.areas) })
  if (plan.kernelAt !== null)
    segments.push({ phys: plan.kernelAt, content: image.bytes.subarray(image.setupBytes) })
  if (plan.initrdAt !== null) segments.push({ phys: plan.initrdAt, content: initrd })
  return segments.sort((a, b) => a.phys - b.phys)
}

/** The array that the next kernel is told of. */
function scratchPlace({ arrayAt }: BootPlan, { array, areas }: HandedOver): Place {
  return array ?? { address: arrayAt!, size: encodeScratchArray(areas).length }
}

function encodeTree({ plan, handed, initrd, cmdline, ram }: BootContents, folder: string): Uint8Array {
  const board = { arch: 'arm64', accelerator: 'tcg', memory: ram } as const
  const chosen = {
    cmdline,
    initrd: { address: plan.initrdAt!, size: initrd.length },
    fdt: handed.fdt,
    scratch: scratchPlace(plan, handed),
  }
  return machineTree(board, chosen, folder)
}

/** struct setup_data with a struct kho_data. */
function encodeRecord(plan: BootPlan, handed: HandedOver): Uint8Array {
  const { fdt } = handed
  const { address, size } = scratchPlace(plan, handed)
  return SETUP_DATA_KHO.encode({
    header: { next: 0, type: SETUP_KEXEC_KHO, len: KHO_DATA_SIZE },
    data: {
      fdtAddr: fdt.address,
      fdtSize: BigInt(fdt.size),
      scratchAddr: address,
      scratchSize: BigInt(size),
    },
  })
}

function writeState(path: string, segments: readonly ElfWriterSegment[], arch: Arch): void {
  const fd = openSync(path, 'w')
  try {
    const machine = arch === 'arm64' ? ELF_MACHINE.aarch64 : ELF_MACHINE.x86_64
    writeElf(segments, { machine }, (bytes, offset) => {
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(fd, bytes, done, bytes.length - done, offset + done)
      }
    })
  } finally {
    closeSync(fd)
  }
}
