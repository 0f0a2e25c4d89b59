import { type ElfWriterNote, type Sink, writeElf, writeRaw } from '../../formats/dumps/index.js'
import { elfMachineOf, layOutElf, memorySource } from '../image/elf-layout.js'
import type { KhoImage } from '../image/open.js'
import type { Overlay } from './overlay.js'

/**
 * Writes an image with some of its memory changed as an ELF core. What the source had no bytes for has none here.
 *
 * @returns bytes of the file
 */
export function writeOverlayElf(image: KhoImage, overlay: Overlay, sink: Sink): number {
  const { memory, present } = overlay
  const { elf, machine, vmcoreinfo } = image.dump
  const notes: ElfWriterNote[] =
    vmcoreinfo === null ? [] : [{ name: 'VMCOREINFO', type: 0, desc: new TextEncoder().encode(vmcoreinfo) }]
  const segments = layOutElf(present, memory.ranges, range => memorySource(memory, range))
  return writeElf(segments, { notes, machine: elfMachineOf(elf?.machine ?? null, machine) }, sink)
}

/** The same as a raw file, from the start of RAM to its end; memory without bytes is a hole in it. */
export function writeOverlayRaw(overlay: Overlay, sink: Sink): { base: number; size: number } {
  const { memory, present } = overlay
  const segments = present.map(range => ({ phys: range.start, content: memorySource(memory, range) }))
  const base = memory.ranges[0]?.start ?? 0
  const { size } = writeRaw(segments, { base, end: memory.ranges.at(-1)?.end ?? base, holes: 'skip' }, sink)
  return { base, size }
}
