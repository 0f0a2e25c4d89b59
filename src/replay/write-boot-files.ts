import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { type ElfWriterSegment, writeElf } from '../../formats/dumps/elf-writer.js'
import { KHO_DATA_SIZE, SETUP_KEXEC_KHO } from '../../formats/handoff/setup-data.js'
import { SETUP_DATA_KHO } from '../../formats/layout/setup-data.js'
import type { PhysicalMemory } from '../../formats/memory/physical-memory.js'
import type { Range } from '../../formats/memory/range.js'
import { type BootImage, patchBootImage } from '../guest/boot-image.js'
import type { BootPlan } from './boot-plan.js'
import { encodeScratchArray, type HandedOver } from './handed-over.js'
import { rangeSource } from './load-ranges.js'

/** Files that QEMU is started with. */
export interface BootFiles {
  kernel: string
  /** The ELF file with what was handed over, and with what the plan puts in memory. */
  state: string
  /** Null where the initramfs is in memory already. */
  initrd: string | null
}

export interface BootContents {
  image: BootImage
  initrd: Uint8Array
  plan: BootPlan
  handed: HandedOver
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
  writeFileSync(
    kernel,
    patchBootImage(image, {
      setupData: plan.recordAt,
      ...(inMemory
        ? { kernelAt: plan.kernelAt!, initrd: { address: plan.initrdAt!, size: initrd.length } }
        : {}),
    }),
  )
  writeState(state, segmentsOf(contents))
  if (inMemory) return { kernel, state, initrd: null }
  const path = join(folder, 'initrd')
  writeFileSync(path, initrd)
  return { kernel, state, initrd: path }
}

function segmentsOf({ image, initrd, plan, handed, memory, ranges }: BootContents): ElfWriterSegment[] {
  const segments: ElfWriterSegment[] = ranges.map(range => ({
    phys: range.start,
    content: rangeSource(memory, range),
  }))
  segments.push({ phys: plan.recordAt, content: encodeRecord(plan, handed) })
  if (plan.arrayAt !== null) segments.push({ phys: plan.arrayAt, content: encodeScratchArray(handed.areas) })
  if (plan.kernelAt !== null)
    segments.push({ phys: plan.kernelAt, content: image.bytes.subarray(image.setupBytes) })
  if (plan.initrdAt !== null) segments.push({ phys: plan.initrdAt, content: initrd })
  return segments.sort((a, b) => a.phys - b.phys)
}

/** struct setup_data with a struct kho_data. */
function encodeRecord(plan: BootPlan, { fdt, array, areas }: HandedOver): Uint8Array {
  const size = array?.size ?? encodeScratchArray(areas).length
  return SETUP_DATA_KHO.encode({
    header: { next: 0, type: SETUP_KEXEC_KHO, len: KHO_DATA_SIZE },
    data: {
      fdtAddr: fdt.address,
      fdtSize: BigInt(fdt.size),
      scratchAddr: array?.address ?? plan.arrayAt,
      scratchSize: BigInt(size),
    },
  })
}

function writeState(path: string, segments: readonly ElfWriterSegment[]): void {
  const fd = openSync(path, 'w')
  try {
    writeElf(segments, {}, (bytes, offset) => {
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(fd, bytes, done, bytes.length - done, offset + done)
      }
    })
  } finally {
    closeSync(fd)
  }
}
