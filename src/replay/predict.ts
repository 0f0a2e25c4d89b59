import { findKernel, isReading } from '../../formats/kernels/index.js'
import type { PhysicalMemory } from '../../formats/memory/physical-memory.js'
import { type Range, rangesCover } from '../../formats/memory/range.js'
import { viewOf } from '../../formats/memory/u64.js'
import type { Arch } from '../guest/arch.js'
import { loadState } from '../image/load-state.js'
import type { KhoState } from '../image/state.js'
import { readOverZeros } from '../image/zero-memory.js'
import type { KernelStart } from '../kernel/reader/boot-of.js'
import { validateState } from '../validate/validate.js'
import type { Validation } from '../validate/verdict.js'
import { BOARD } from './machine.js'

/** The kernel that is to read a state, and the machine it runs on. */
export interface ReadingKernel {
  /** As the boot image says; null where it does not. */
  release: string | null
  /** RAM in bytes. */
  memory: number
  cmdline: string
  /** Where the replay puts it, where that is known. */
  start?: KernelStart | undefined
  /** x86-64 where not given. */
  arch?: Arch
}

/**
 * What `validate` says that a kernel makes of a state in a fresh guest: its RAM is known, and what the dump lacks is zero
 * there. Null for a release that the validator does not know.
 *
 * @param madeArray the array of scratch areas that the replay puts in place, where the dump has none at its place
 */
export function predictReplay(
  state: KhoState,
  kernel: ReadingKernel,
  madeArray: MadeArray | null = null,
): Validation | null {
  const { release, cmdline, start, arch = 'x86_64' } = kernel
  if (release === null || !isKnown(release)) return null
  const ram = BOARD[arch].ram(kernel.memory)
  const fresh = guestMemory(state.image.memory, ram)
  const guest = arch === 'x86_64' ? withPiece(fresh, VECTORS) : fresh
  const memory = madeArray === null ? guest : withPiece(guest, madeArray)
  const { root, abi, geometry } = state
  const scratchArray =
    madeArray === null ? state.scratchArray : { address: madeArray.address, size: madeArray.bytes.length }
  const seen = loadState(
    { ...state.image, memory, ramKnown: ram },
    {
      root: root.address,
      abi,
      pageShift: geometry.pageShift,
      ...(scratchArray === null ? {} : { scratch: scratchArray }),
    },
  )
  return validateState(seen, { reader: release, readerCmdline: cmdline, ram, absentIsZero: true, start })
}

function isKnown(release: string): boolean {
  const kernel = findKernel(release)
  return kernel !== null && isReading(kernel)
}

/** Bytes that a guest has at an address: the array of scratch areas, where a replay writes it. */
export interface MadeArray {
  address: number
  bytes: Uint8Array
}

/** Real-mode vectors of a PC's firmware that have a place of their own; the others lead to F000:FF53. */
const PLACES: Readonly<Record<number, number>> = { 2: 0xe2c3, 5: 0xff54, 8: 0xfea5, 9: 0xe987, 14: 0xef57 }

/** The first KiB of a guest, as SeaBIOS leaves it. */
const VECTORS: MadeArray = { address: 0, bytes: vectorTable() }

function vectorTable(): Uint8Array {
  const bytes = new Uint8Array(1024)
  const view = viewOf(bytes)
  for (let n = 0; n < 256; n++) view.setUint32(n * 4, 0xf000_0000 + (PLACES[n] ?? 0xff53), true)
  return bytes
}

function withPiece(memory: PhysicalMemory, { address, bytes: made }: MadeArray): PhysicalMemory {
  return {
    ...memory,
    read(phys, length) {
      const read = memory.read(phys, length)
      const [from, to] = [Math.max(phys, address), Math.min(phys + length, address + made.length)]
      if (!read.ok || from >= to) return read
      const bytes = read.bytes.slice()
      bytes.set(made.subarray(from - address, to - address), from - phys)
      return { ok: true, bytes, offset: null }
    },
  }
}

/** Nothing that is handed over is one piece longer than this; sizes in a broken state can be anything. */
const LONGEST_READ = 64 * 2 ** 20

/** A guest's memory before its first instruction: what a dump has, zeros elsewhere, and nothing outside its RAM. */
function guestMemory(dump: PhysicalMemory, ranges: readonly Range[]): PhysicalMemory {
  return {
    ...dump,
    ranges,
    read(phys, length) {
      if (!rangesCover(ranges, phys, phys + length)) return { ok: false, reason: 'outside', address: phys }
      const whole = dump.read(phys, length)
      if (whole.ok) return whole
      if (length > LONGEST_READ) return { ok: false, reason: 'excluded', address: whole.address }
      return readOverZeros(dump, phys, length)
    },
    blocks: which => dump.blocks(which),
  }
}
