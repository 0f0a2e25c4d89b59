import { KhoError } from '../../formats/error.js'
import type { ScratchArea } from '../../formats/handoff/scratch.js'
import { hex } from '../../formats/memory/fault.js'
import type { Range } from '../../formats/memory/range.js'
import type { Arch } from '../guest/arch.js'
import { type BootImage, STUB_BYTES } from '../guest/boot-image.js'
import { commonRanges, fitHigh, fitLow, withoutRanges } from './free-ranges.js'
import { ACPI_BYTES, BOARD, FIRMWARE_REACH, guestRam, lowMemoryEnd } from './machine.js'

/** Something that takes up memory while the guest starts. */
export interface BootPiece extends Range {
  what: string
}

/** Where everything goes that the kernel needs to start. */
export interface BootPlan {
  /**
   * `scratch`: where a kexec would put it, so that nothing that was handed over is in the way. `loader`: where QEMU puts
   * a kernel by itself, at 1 MiB.
   */
  placement: 'scratch' | 'loader'
  /** Physical address of the kernel proper; null where QEMU places it. */
  kernelAt: number | null
  /** Physical address of the initramfs; null where QEMU places it. */
  initrdAt: number | null
  /** Physical address of the page with the setup_data record; on arm64 with the code that the guest begins with. */
  recordAt: number
  /** Physical address of the device tree; null on a PC, which has none. */
  treeAt: number | null
  /** Physical address of an array of scratch areas that has to be made; null where the state has one. */
  arrayAt: number | null
  /** All that is written over before the kernel reads the handed-over state. */
  pieces: BootPiece[]
}

export interface BootNeeds {
  image: BootImage
  initrdBytes: number
  /** RAM of the guest in bytes. */
  memory: number
  scratch: readonly ScratchArea[]
  /** The scratch array has to be made. */
  makeArray: boolean
  /** Memory that must not be touched: what was handed over. */
  keep: readonly Range[]
}

const PAGE = 4096
/** A device tree lies in one block of 2 MiB: arch/arm64/booting.rst. */
const TREE_BYTES = 2 ** 21
const MIB = 2 ** 20
const FOUR_GIB = 2 ** 32

/**
 * Places kernel and initramfs in scratch where there is room, as kexec_file_load() does; else leaves them to QEMU.
 *
 * @throws KhoError `no-space` where not even the record has a place.
 */
export function planBoot(needs: BootNeeds): BootPlan {
  const inScratch = planInScratch(needs)
  if (inScratch !== null) return inScratch
  if (needs.image.arch === 'x86_64') return planByLoader(needs)
  throw new KhoError('no-space', 'no scratch area has room for the kernel, its initramfs and a device tree')
}

/** 32-bit boot code is below 4 GiB, and below `prefAddress` a kernel moves itself there. */
function planInScratch(needs: BootNeeds): BootPlan | null {
  const { image } = needs
  const board = BOARD[image.arch]
  const page = 2 ** image.pageShift
  const { start, end } = board.kernelRange(needs.memory)
  const low = [{ start: Math.max(image.prefAddress, start), end }]
  const firmware = board.firmware(needs.memory)
  const closed = [...needs.keep, ...firmware]
  let free = withoutRanges(commonRanges(scratchRanges(needs.scratch), low), closed)
  const take = (size: number, align: number, place: typeof fitHigh): number | null => {
    const address = place(free, size, align)
    if (address !== null) free = withoutRanges(free, [{ start: address, end: address + size }])
    return address
  }
  const hasTree = image.arch === 'arm64'
  const recordAt = take(page, page, fitHigh)
  const arrayAt = needs.makeArray ? take(page, page, fitHigh) : null
  const treeAt = hasTree ? take(TREE_BYTES, TREE_BYTES, fitHigh) : null
  const initrdAt = take(pages(needs.initrdBytes), page, fitHigh)
  const kernelAt = take(pages(image.initSize), Math.max(image.alignment, page), fitLow)
  if (recordAt === null || initrdAt === null || kernelAt === null) return null
  if (hasTree && treeAt === null) return null
  if (needs.makeArray && arrayAt === null) return null
  return {
    placement: 'scratch',
    kernelAt,
    initrdAt,
    recordAt,
    treeAt,
    arrayAt,
    pieces: [
      ...firmware,
      ...(image.arch === 'x86_64'
        ? [{ what: "the boot image's stub", start: MIB, end: MIB + pages(STUB_BYTES) }]
        : []),
      ...(treeAt === null ? [] : [{ what: 'the device tree', start: treeAt, end: treeAt + TREE_BYTES }]),
      { what: 'the kernel', start: kernelAt, end: kernelAt + pages(image.initSize) },
      { what: 'the initramfs', start: initrdAt, end: initrdAt + pages(needs.initrdBytes) },
      ...recordPieces(recordAt, arrayAt),
    ],
  }
}

function planByLoader(needs: BootNeeds): BootPlan {
  const { image, memory } = needs
  const initrdEnd = lowMemoryEnd(memory) - ACPI_BYTES
  const initrdStart = Math.floor((initrdEnd - 1 - needs.initrdBytes) / PAGE) * PAGE
  const loaded = [
    ...BOARD.x86_64.firmware(memory),
    { what: 'the boot image', start: MIB, end: MIB + pages(image.bytes.length - image.setupBytes) },
    {
      what: 'the kernel as it unpacks itself',
      start: image.prefAddress,
      end: image.prefAddress + pages(image.initSize),
    },
    { what: 'the initramfs', start: initrdStart, end: initrdEnd },
  ]
  const closed = [...loaded, ...needs.keep]
  const everywhere = withoutRanges(guestRam(memory), closed)
  const inScratch = commonRanges(everywhere, scratchRanges(needs.scratch))
  const size = needs.makeArray ? 2 * PAGE : PAGE
  const recordAt = fitHigh(inScratch, size, PAGE) ?? fitHigh(everywhere, size, PAGE)
  if (recordAt === null) {
    throw new KhoError('no-space', 'what was handed over leaves no page for the setup_data record', {
      hint: 'give the guest more memory with --memory',
    })
  }
  const arrayAt = needs.makeArray ? recordAt + PAGE : null
  return {
    placement: 'loader',
    kernelAt: null,
    initrdAt: null,
    recordAt,
    treeAt: null,
    arrayAt,
    pieces: [...loaded, ...recordPieces(recordAt, arrayAt)],
  }
}

function recordPieces(recordAt: number, arrayAt: number | null): BootPiece[] {
  const record = { what: 'the setup_data record', start: recordAt, end: recordAt + PAGE }
  if (arrayAt === null) return [record]
  return [record, { what: 'the scratch array', start: arrayAt, end: arrayAt + PAGE }]
}

function scratchRanges(areas: readonly ScratchArea[]): Range[] {
  return areas
    .filter(({ start, size }) => size > 0 && start < FOUR_GIB)
    .map(({ start, size }) => ({ start, end: start + size }))
}

function pages(bytes: number): number {
  return Math.ceil(bytes / PAGE) * PAGE
}

/** Handed-over memory that cannot be there when the kernel starts. */
export interface Collision extends Range {
  /** What is in the way. */
  what: string
  /** How to avoid it. */
  advice: string
}

/** Where the plan writes over handed-over memory, and where that is no RAM in the guest. */
export function findCollisions(
  plan: BootPlan,
  keep: readonly Range[],
  memory: number,
  arch: Arch = 'x86_64',
): Collision[] {
  const collisions: Collision[] = []
  for (const piece of plan.pieces) {
    const advice = adviceOn(piece, plan, memory, arch)
    for (const { start, end } of commonRanges(keep, [piece]))
      collisions.push({ what: piece.what, start, end, advice })
  }
  for (const { start, end } of withoutRanges(keep, BOARD[arch].ram(memory))) {
    const advice = 'give the guest more memory with --memory'
    collisions.push({ what: 'no memory in the guest', start, end, advice })
  }
  return collisions
}

function adviceOn(piece: BootPiece, { placement }: BootPlan, memory: number, arch: Arch): string {
  if (arch === 'x86_64' && piece.end > lowMemoryEnd(memory) - FIRMWARE_REACH) {
    return 'another amount of memory (--memory) moves what lies at the end of low memory'
  }
  if (placement === 'scratch' || piece.start < MIB) {
    return 'no machine starts without that: hand other memory over (avoid: in a scenario, --seed of convert)'
  }
  return 'scratch areas with room for the kernel let it be placed there'
}

/** One line about a collision. */
export function describeCollision({ what, start, end, advice }: Collision): string {
  return `${hex(start)}-${hex(end)} was handed over, but ${what} is there; ${advice}`
}
