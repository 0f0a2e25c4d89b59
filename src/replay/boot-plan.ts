import { KhoError } from '../../formats/error.js'
import type { ScratchArea } from '../../formats/handoff/scratch.js'
import { hex } from '../../formats/memory/fault.js'
import type { Range } from '../../formats/memory/range.js'
import { type BootImage, STUB_BYTES } from '../guest/boot-image.js'
import { commonRanges, fitHigh, fitLow, withoutRanges } from './free-ranges.js'
import { ACPI_BYTES, FIRMWARE_REACH, firmwareRanges, guestRam, lowMemoryEnd } from './machine.js'

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
  /** Physical address of the setup_data record. */
  recordAt: number
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
const MIB = 2 ** 20
const FOUR_GIB = 2 ** 32

/**
 * Places kernel and initramfs in scratch where there is room, as kexec_file_load() does; else leaves them to QEMU.
 *
 * @throws KhoError `no-space` where not even the record has a place.
 */
export function planBoot(needs: BootNeeds): BootPlan {
  return planInScratch(needs) ?? planByLoader(needs)
}

/** 32-bit boot code is below 4 GiB, and below `prefAddress` a kernel moves itself there. */
function planInScratch(needs: BootNeeds): BootPlan | null {
  const { image } = needs
  const low = [{ start: Math.max(image.prefAddress, MIB + PAGE), end: lowMemoryEnd(needs.memory) }]
  const closed = [...needs.keep, ...firmwareRanges(needs.memory)]
  let free = withoutRanges(commonRanges(scratchRanges(needs.scratch), low), closed)
  const take = (size: number, align: number, place: typeof fitHigh): number | null => {
    const address = place(free, size, align)
    if (address !== null) free = withoutRanges(free, [{ start: address, end: address + size }])
    return address
  }
  const recordAt = take(PAGE, PAGE, fitHigh)
  const arrayAt = needs.makeArray ? take(PAGE, PAGE, fitHigh) : null
  const initrdAt = take(pages(needs.initrdBytes), PAGE, fitHigh)
  const kernelAt = take(pages(image.initSize), Math.max(image.alignment, PAGE), fitLow)
  if (recordAt === null || initrdAt === null || kernelAt === null) return null
  if (needs.makeArray && arrayAt === null) return null
  return {
    placement: 'scratch',
    kernelAt,
    initrdAt,
    recordAt,
    arrayAt,
    pieces: [
      ...firmwarePieces(needs.memory),
      { what: "the boot image's stub", start: MIB, end: MIB + pages(STUB_BYTES) },
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
    ...firmwarePieces(memory),
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
    arrayAt,
    pieces: [...loaded, ...recordPieces(recordAt, arrayAt)],
  }
}

function firmwarePieces(memory: number): BootPiece[] {
  return [
    { what: 'firmware and real-mode code', start: 0, end: MIB },
    ...firmwareRanges(memory).map(range => ({ what: 'firmware at work', ...range })),
  ]
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
export function findCollisions(plan: BootPlan, keep: readonly Range[], memory: number): Collision[] {
  const collisions: Collision[] = []
  for (const piece of plan.pieces) {
    const advice = adviceOn(piece, plan, memory)
    for (const { start, end } of commonRanges(keep, [piece]))
      collisions.push({ what: piece.what, start, end, advice })
  }
  for (const { start, end } of withoutRanges(keep, guestRam(memory))) {
    const advice = 'give the guest more memory with --memory'
    collisions.push({ what: 'no memory in the guest', start, end, advice })
  }
  return collisions
}

function adviceOn(piece: BootPiece, { placement }: BootPlan, memory: number): string {
  if (piece.end > lowMemoryEnd(memory) - FIRMWARE_REACH) {
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
