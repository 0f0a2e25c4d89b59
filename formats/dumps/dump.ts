import type { Fault } from '../memory/fault.js'
import type { PhysicalMemory } from '../memory/physical-memory.js'

/** What debugfs says of a root besides its bytes. */
export interface DebugfsRoot {
  direction: 'incoming' | 'outgoing'
  /** At or above `DEBUGFS_NOWHERE`: not an address of the machine. */
  address: number
  /** Name of the file it was read from: `out/fdt` or `in/fdt`. */
  file: string
}

/** A copy of `/sys/kernel/debug/kho`, as far as it is no memory. */
export interface DebugfsInfo {
  roots: DebugfsRoot[]
  /** From `scratch_phys` and `scratch_len`, or as 7.4 calls them; null where they are not there or do not fit together. */
  scratch: { start: number; size: number }[] | null
  /** The files that say so, by the names that they have there; null where neither pair is there. */
  scratchFiles: string | null
}

/** One record of a PT_NOTE segment; its contents stay in the file. */
export interface ElfNote {
  /** `CORE`, `VMCOREINFO`, `QEMU` … */
  name: string
  type: number
  /** File offset of the descriptor. */
  offset: number
  /** Length of the descriptor in bytes. */
  length: number
}

/** What an ELF header says about the machine that was dumped. */
export interface ElfInfo {
  /** Bits of an address: always 64, others are refused. */
  class: 64
  /** `e_type`: always ET_CORE (4), others are refused. */
  type: number
  /** `e_machine`: 62 x86-64, 183 AArch64 … */
  machine: number
  flags: number
  /** PT_LOAD segments in the file, also those that were ignored. */
  loads: number
}

/** A dump file, opened: a physical memory and what the container says besides. */
export interface Dump {
  /** `raw`, `elf` … : the `name` of an entry of the table of containers. */
  container: string
  memory: PhysicalMemory
  /** In file order; empty where the container has none. */
  notes: ElfNote[]
  /** The text of the VMCOREINFO note, or null. */
  vmcoreinfo: string | null
  /** `x86_64`, `aarch64` … as `uname -m` says it, or null where the container does not tell. */
  machine: string | null
  /** The ELF header's fields, null for other containers. */
  elf: ElfInfo | null
  /** What is wrong with the container; never a reason to distrust the bytes that it does give. */
  faults: Fault[]
  /** Set for a copy of debugfs, which is no dump of memory: what it says besides. */
  debugfs?: DebugfsInfo
}
