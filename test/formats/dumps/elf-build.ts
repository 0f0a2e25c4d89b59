/** An ELF core made field by field, so that the reader is not tested against the writer's idea of the format. */
export interface RawProgram {
  type?: number
  offset?: bigint
  vaddr?: bigint
  paddr?: bigint
  filesz?: bigint
  memsz?: bigint
}

export interface RawElf {
  programs: RawProgram[]
  /** Length of the file; bytes after the headers are their offset modulo 251. */
  size: number
  machine?: number
  type?: number
  flags?: number
  phnum?: number
  phoff?: bigint
  phentsize?: number
}

/** The value of {@link buildElf}'s filler at a file offset. */
export function filler(offset: number): number {
  return offset % 251
}

export function buildElf(elf: RawElf): Uint8Array {
  const bytes = new Uint8Array(elf.size)
  for (let i = 64 + elf.programs.length * 56; i < elf.size; i++) bytes[i] = filler(i)
  const view = new DataView(bytes.buffer)
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  view.setUint16(16, elf.type ?? 4, true)
  view.setUint16(18, elf.machine ?? 62, true)
  view.setBigUint64(32, elf.phoff ?? 64n, true)
  view.setUint32(48, elf.flags ?? 0, true)
  view.setUint16(54, elf.phentsize ?? 56, true)
  view.setUint16(56, elf.phnum ?? elf.programs.length, true)
  elf.programs.forEach((program, i) => {
    const at = 64 + i * 56
    view.setUint32(at, program.type ?? 1, true)
    view.setBigUint64(at + 8, program.offset ?? 0n, true)
    view.setBigUint64(at + 16, program.vaddr ?? 0n, true)
    view.setBigUint64(at + 24, program.paddr ?? 0n, true)
    view.setBigUint64(at + 32, program.filesz ?? 0n, true)
    view.setBigUint64(at + 40, program.memsz ?? program.filesz ?? 0n, true)
  })
  return bytes
}

/** The error that a call throws; fails the test when it throws none. */
export function thrown(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
