import { DEBUGFS_NOWHERE } from '../../../formats/dumps/debugfs.js'
import type { ReadingKernel } from '../../../formats/kernels/index.js'
import type { Range } from '../../../formats/memory/range.js'
import type { KhoState } from '../../image/state.js'
import { parseCommandLine } from './cmdline.js'
import type { Done } from './done.js'
import { bootKernel, type EarlyBoot, type ScratchPlace } from './early-boot.js'
import { createReaderMemory, type ReaderMemory } from './memory.js'

/** What a kernel finds in memory that is of its own start, and was not handed over. */
export interface KernelStart {
  /** Where the setup_data record lies that tells it of the state; null where there is none. */
  record: number | null
  /** Where its image and its initramfs are. */
  taken: readonly Range[]
}

/** The kernel that reads a state, and what it is told. */
export interface ReadOptions {
  kernel: ReadingKernel
  /** All of RAM; null where that is not known. */
  ram: readonly Range[] | null
  /** Memory that the dump lacks reads as zero. */
  absentIsZero: boolean
  /** How it is started, where that is known. */
  start?: KernelStart | undefined
  /** What was done for other kernels. */
  done?: Done | undefined
  /** Its command line; null where it is not known: then what it would take to have everything back is assumed. */
  cmdline: string | null
}

/** Follows a kernel through early boot, and no further. */
export function bootOf(
  state: KhoState,
  { kernel, ram, absentIsZero, cmdline, start, done }: ReadOptions,
): { boot: EarlyBoot; memory: ReaderMemory } {
  const { geometry, image } = state
  const shown = image.dump.debugfs !== undefined
  const memory = createReaderMemory(image.memory, geometry, ram, absentIsZero, shown ? DEBUGFS_NOWHERE : null)
  for (const range of start?.taken ?? []) memory.take(range)
  const boot = bootKernel(memory, {
    kernel,
    geometry,
    root: state.root.address,
    scratch: scratchPlace(state),
    kdump: cmdline !== null && parseCommandLine(cmdline).kdump,
    mapHidden: shown,
    walks: done?.walks,
  })
  return { boot, memory }
}

/** Where the array is. Before the jump its place holds something else, which is not to be taken for it. */
function scratchPlace({ scratchArray, scratch, root, image }: KhoState): ScratchPlace | null {
  if (scratchArray === null) return null
  const { address, size: length } = scratchArray
  const staged = scratch === null && root.direction === 'outgoing' && image.memory.read(address, 1).ok
  return { address, length, inPlace: !staged }
}
