import { KhoError } from '../../formats/error.js'
import { mergeRanges, type Place, type Range } from '../../formats/memory/range.js'
import type { Arch } from '../guest/arch.js'
import { type BootImage, readBootImage } from '../guest/boot-image.js'
import { buildInitramfs } from '../guest/initramfs.js'
import { findProgram, QEMU } from '../guest/programs.js'
import type { KhoState } from '../image/state.js'
import type { KernelStart } from '../kernel/reader/boot-of.js'
import type { Validation } from '../validate/verdict.js'
import { type BootPlan, type Collision, describeCollision, findCollisions, planBoot } from './boot-plan.js'
import { type AskedRegion, regionsOf, reserveParameters } from './expected.js'
import { withoutRanges } from './free-ranges.js'
import { encodeScratchArray, findHandedOver, type HandedOver, vitalRanges } from './handed-over.js'
import { BOARD } from './machine.js'
import { predictReplay } from './predict.js'
import { reservationParameters } from './reservations.js'

/** What decides how a guest is started on a state. */
export interface PrepareOptions {
  /** Path of the bzImage. */
  kernel: string
  /** An initramfs that is there already, with the agent in it; built where not given. */
  initrd?: Uint8Array
  /** RAM of the guest in bytes; what the state needs where not given. */
  memory?: number
  /** Added to the kernel's command line. */
  append?: string
  /** `reserve_mem=` regions that the kernel is asked for; those that the state has where not given. */
  regions?: readonly AskedRegion[]
  /** The kernel stays where it is linked to be, for a debugger. */
  fixedAddresses?: boolean
  /** Boots although something of the state cannot be where it should be. */
  force?: boolean
}

/** Everything about a replay that is known before the guest starts. */
export interface Preparation {
  image: BootImage
  initrd: Uint8Array
  /** RAM of the guest in bytes. */
  memory: number
  handed: HandedOver
  /** Memory that was handed over, and must stay as it is. */
  keep: Range[]
  plan: BootPlan
  collisions: Collision[]
  cmdline: string
  /** What the kernel finds of its own. */
  start: KernelStart
  regions: AskedRegion[]
  /** The kernel is asked to say which blocks it keeps. */
  asked: boolean
  /** What may make the guest fail though nothing is wrong with the state; a line each. */
  notes: string[]
  /** What the validator says that this kernel will make of this memory; null for a release that it does not know. */
  predicted: Validation | null
}

/** The console from the first moment, death at once, and all that is being tested. */
const CMDLINES: Readonly<Record<Arch, string>> = {
  x86_64:
    'console=ttyS0 earlycon=uart8250,io,0x3f8,115200 loglevel=7 panic=-1 oops=panic no_timer_check kho=on liveupdate=on',
  arm64: 'console=ttyAMA0 earlycon=pl011,0x9000000 loglevel=7 panic=-1 oops=panic kho=on liveupdate=on',
}

const MIB = 2 ** 20

/**
 * Decides where everything goes, and what should come of it.
 *
 * @throws KhoError `usage` for an amount of memory that QEMU does not take, `missing` for programs, `unreadable` and the
 * like for the kernel, `broken-state` for a state that cannot be where it should be.
 */
export function prepareReplay(state: KhoState, options: PrepareOptions): Preparation {
  if (options.memory !== undefined && options.memory % MIB !== 0) {
    throw new KhoError('usage', "the guest's memory has to be a multiple of 1 MiB")
  }
  const image = readBootImage(options.kernel)
  const { arch } = image
  findProgram(QEMU[arch])
  const initrd = options.initrd ?? buildInitramfs(arch)
  checkPages(image, state)
  const vital = vitalRanges(state)
  const memory =
    options.memory ?? BOARD[arch].memoryFor(state.image.ramKnown, [...vital, ...scratchOf(state)])
  const handed = findHandedOver(state, memory, vital, arch)
  const keep =
    handed.array === null ? vital : mergeRanges([...vital, pagesOf(handed.array, state.geometry.pageSize)])
  const plan = planBoot({
    image,
    initrdBytes: initrd.length,
    memory,
    scratch: handed.areas,
    makeArray: handed.array === null,
    keep,
  })
  const collisions = findCollisions(plan, keep, memory, arch)
  if (collisions.length > 0 && options.force !== true) throw refusal(collisions)
  const regions = [...(options.regions ?? regionsOf(state))]
  const asking = reservationParameters(state)
  const cmdline = [
    CMDLINES[arch],
    ...asking,
    ...(options.fixedAddresses === true ? ['nokaslr'] : []),
    ...reserveParameters(regions),
    options.append ?? '',
  ]
    .join(' ')
    .trim()
  const notes = scratchNotes(handed, plan, memory)
  const made =
    plan.arrayAt === null ? null : { address: plan.arrayAt, bytes: encodeScratchArray(handed.areas) }
  const start = startOf(plan, arch)
  const predicted = predictReplay(state, { release: image.release, memory, cmdline, arch, start }, made)
  const asked = asking.length > 0
  return {
    image,
    initrd,
    memory,
    handed,
    keep,
    plan,
    collisions,
    cmdline,
    start,
    regions,
    asked,
    notes,
    predicted,
  }
}

/** Where the plan puts the kernel and what comes with it. */
function startOf({ recordAt, kernelAt, initrdAt, pieces }: BootPlan, arch: Arch): KernelStart {
  const taken = pieces
    .filter(({ start }) => start === kernelAt || start === initrdAt)
    .map(({ start, end }) => ({ start, end }))
  return { record: arch === 'x86_64' ? recordAt : null, taken }
}

/** A kernel takes every address for one of its own pages. */
function checkPages({ arch, pageShift }: BootImage, { geometry, image }: KhoState): void {
  const { machine } = image.dump
  const other = machine !== null && (machine === 'aarch64') !== (arch === 'arm64')
  if (!other && (arch === 'x86_64' || geometry.pageShift === pageShift)) return
  const kib = (shift: number) => `${2 ** (shift - 10)}K`
  const state = `${machine ?? 'a state'} with pages of ${kib(geometry.pageShift)}`
  throw new KhoError(
    'usage',
    `the state is of ${state}, the kernel of ${arch} with pages of ${kib(pageShift)}`,
  )
}

/** Of RAM, what a kernel's page structures take; all of it comes from scratch until the map has been read. */
const PAGE_STRUCTURES = 1 / 64
const OTHER_BYTES = 12 * MIB

function scratchNotes({ areas }: HandedOver, plan: BootPlan, memory: number): string[] {
  const ranges = areas.map(({ start, size }) => ({ start, end: start + size }))
  const left = withoutRanges(ranges, plan.pieces).reduce((sum, { start, end }) => sum + end - start, 0)
  const needed = memory * PAGE_STRUCTURES + OTHER_BYTES
  if (left >= needed) return []
  const [has, needs] = [left, needed].map(bytes => `${Math.floor(bytes / MIB)}M`)
  return [
    `scratch has ${has} left, and a kernel with this much memory needs about ${needs} early: it may fail`,
  ]
}

const MOST_SHOWN = 4

function refusal(collisions: readonly Collision[]): KhoError {
  const shown = collisions.slice(0, MOST_SHOWN).map(describeCollision)
  const more = collisions.length - shown.length
  if (more > 0) shown.push(`and ${more} more`)
  return new KhoError('broken-state', shown.join('; '), {
    hint: '--force boots all the same',
  })
}

function scratchOf(state: KhoState): Range[] {
  return (state.scratch ?? []).map(({ start, size }) => ({ start, end: start + size }))
}

function pagesOf({ address, size }: Place, page: number): Range {
  return { start: Math.floor(address / page) * page, end: Math.ceil((address + size) / page) * page }
}
