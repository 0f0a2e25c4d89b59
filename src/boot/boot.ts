import { KhoError } from '../../formats/error.js'
import type { ReadingKernel } from '../../formats/kernels/index.js'
import type { Range } from '../../formats/memory/range.js'
import { countBits, nextSet } from '../../formats/pages/words.js'
import type { KhoState } from '../image/state.js'
import { chooseKernel, knownRam } from '../kernel/reader/choose.js'
import { type EarlyBoot, readMap } from '../kernel/reader/early-boot.js'
import { createReaderMemory, Halt, type ReaderMemory } from '../kernel/reader/memory.js'
import { readState } from '../kernel/reader/read-state.js'
import type { ReservationSink } from '../kernel/reader/reserved.js'
import { createRestorer, type Restored, type Restorer } from '../kernel/reader/restore.js'
import { type LookUp, lookUpTable } from '../kernel/reader/tables.js'
import { isOverwritten, isUnfinished } from '../rules/checks/context.js'

/** Who boots, and what it is told. */
export interface BootOptions {
  /** Release of the kernel; the one that wrote the state where not given. */
  reader?: string
  readerCmdline?: string
  absentIsZero?: boolean
  /** All of the machine's RAM, where the user says it. */
  ram?: readonly Range[]
}

/** A call of memblock_reserve() by itself, or a bitmap with a call for each bit. */
export type Reservations =
  | { who: 'scratch' | 'fdt' | 'chunk'; start: number; size: number }
  | { who: 'odd'; start: number; size: number; order: number }
  | Bits

/** A bitmap: a call for each bit that is set, `stride` bytes apart. */
interface Bits {
  who: 'blocks'
  order: number
  first: number
  words: Uint32Array
  stride: number
}

/** What one kernel's early boot does with a state. */
export interface Boot extends EarlyBoot {
  kernel: ReadingKernel
  /** In the order of the kernel's own calls; as far as it came. */
  reservations: Reservations[]
  /** What each preserved head page gets: page->private, for an order. */
  privateOf(order: number): bigint
  /** What memblock_free_pages() comes to when it asks for an address; null for kernels that ask nothing. */
  lookUp(address: number): LookUp | null
  /** What restores of an address give, one after another, each function in a kernel that has restored nothing yet. */
  restore(address: number): RestoreCall[]
}

/** Functions that restore what an address is the start of. */
export const RESTORES = ['kho_restore_folio', 'kho_restore_pages', 'kho_restore_phys'] as const

/** One restore. */
export interface RestoreCall {
  function: (typeof RESTORES)[number]
  /** The same call was made before. */
  again: boolean
  result: Restored
}

/** KHO_PAGE_MAGIC, "KHOP", in the upper half of page->private: from 6.18 on. */
const MAGIC = 0x4b484f50n << 32n

/**
 * Follows a kernel through early boot.
 *
 * @throws KhoError `usage` for a reader that does not exist, `broken-state` for a map that is not there any more or not yet
 */
export function bootState(state: KhoState, options: BootOptions = {}): Boot {
  if (isOverwritten(state))
    throw new KhoError('broken-state', 'the map was read and freed: no kernel boots on it again')
  if (isUnfinished(state))
    throw new KhoError('broken-state', 'the map is written at finalize, which had not come yet')
  const kernel = chooseKernel(state, options.reader)
  const ram = knownRam(state.image, options.ram)
  const absentIsZero = options.absentIsZero === true
  const { boot, assumptions } = readState(state, {
    kernel,
    ram,
    absentIsZero,
    cmdline: options.readerCmdline ?? null,
  })
  const memory = createReaderMemory(state.image.memory, state.geometry, ram, absentIsZero)
  const taken = boot.end === 'rejected' ? [] : listReservations(state, kernel, boot, memory)
  return {
    ...boot,
    assumptions: [...(kernel.assumption === null ? [] : [kernel.assumption]), ...assumptions],
    kernel,
    reservations: taken,
    privateOf: order => BigInt(order >>> 0) | (kernel.reads.marker === 'magic' ? MAGIC : 0n),
    lookUp: address => (kernel.reads.keeps === 'skip' ? lookUp(boot, memory, state, address) : null),
    restore: address => restoreCalls(state, kernel, boot, address, () => memory),
  }
}

function listReservations(
  state: KhoState,
  kernel: ReadingKernel,
  boot: EarlyBoot,
  memory: ReaderMemory,
): Reservations[] {
  const { root, fdt, scratchArray, geometry } = state
  const { reservesFdt, reservesTracker, keeps } = kernel.reads
  const calls: Reservations[] = []
  if (reservesFdt) calls.push({ who: 'fdt', start: root.address, size: fdt.header.totalsize })
  if (
    scratchArray !== null &&
    scratchArray.size > 0 &&
    !boot.events.some(({ rule }) => rule === 'SCRATCH-EMPTY')
  ) {
    calls.push({ who: 'scratch', start: scratchArray.address, size: scratchArray.size })
  }
  if (boot.roots === null || keeps === 'skip') return calls
  const { pageSize } = geometry
  const sink: ReservationSink = {
    blocks: (order, first, words) =>
      calls.push({ who: 'blocks', order, first, words, stride: pageSize * 2 ** order }),
    shifted: (order, first, words) => calls.push({ who: 'blocks', order, first, words, stride: pageSize }),
    // An order is an unsigned int.
    odd: (start, size, order) => calls.push({ who: 'odd', start, size, order: order >>> 0 }),
    tracker(start, size) {
      if (reservesTracker) calls.push({ who: 'chunk', start, size })
    },
  }
  readMap(memory, kernel, geometry, boot.roots, sink)
  return calls
}

/** How many calls a list of reservations stands for. */
export function countCalls(reservations: readonly Reservations[]): number {
  let count = 0
  // A bitmap that many entries share is counted once.
  let counted: { words: Uint32Array; bits: number } | undefined
  for (const entry of reservations) {
    if (entry.who !== 'blocks') {
      count++
      continue
    }
    const { words } = entry
    if (counted?.words !== words) counted = { words, bits: countBits(words) }
    count += counted.bits
  }
  return count
}

/** One call. */
export interface Reservation extends Range {
  who: string
  /** Null where the call is for no block. */
  order: number | null
}

/** Every call, in the kernel's order. */
export function* eachReservation(
  reservations: readonly Reservations[],
  pageSize: number,
): Generator<Reservation> {
  for (const entry of reservations) {
    if (entry.who !== 'blocks') {
      const { start, size } = entry
      const order = entry.who === 'odd' ? entry.order : null
      yield { start, end: start + size, who: order === null ? entry.who : `block ${order}`, order }
      continue
    }
    const { order, first, words, stride } = entry
    const size = pageSize * 2 ** order
    for (let bit = nextSet(words, 0); bit < words.length * 32; bit = nextSet(words, bit + 1)) {
      const start = (first + bit) * stride
      yield { start, end: start + size, who: `block ${order}`, order }
    }
  }
}

function restoreCalls(
  state: KhoState,
  kernel: ReadingKernel,
  boot: EarlyBoot,
  address: number,
  memory: () => ReaderMemory,
): RestoreCall[] {
  const { reserved } = boot
  if (reserved === null) return []
  const fresh = () => createRestorer(memory(), kernel, state.geometry, reserved)
  const twice = (name: RestoreCall['function'], call: (restorer: Restorer) => Restored): RestoreCall[] => {
    const restorer = fresh()
    return [false, true].map(again => ({ function: name, again, result: call(restorer) }))
  }
  const folios = twice('kho_restore_folio', restorer => restorer.folio(address))
  if (kernel.reads.restoresPhys) {
    return [...folios, ...twice('kho_restore_phys', restorer => restorer.phys(address))]
  }
  // kho_restore_pages() came with 6.18; kho_restore_phys() of the early series was never merged.
  if (!kernel.users.vmalloc) return folios
  return [...folios, ...twice('kho_restore_pages', restorer => onePage(restorer, address))]
}

function lookUp(boot: EarlyBoot, memory: ReaderMemory, { geometry }: KhoState, address: number): LookUp {
  const [root] = boot.roots ?? []
  try {
    if (root !== undefined) return lookUpTable(memory, root, geometry, address)
  } catch (error) {
    if (!(error instanceof Halt)) throw error
    throw new KhoError('broken-state', error.stop.message)
  }
  return { steps: [], skipped: false }
}

function onePage(restorer: Restorer, address: number): Restored {
  const lost = restorer.pages(address, 1)
  return lost === null ? { ok: true, order: null, again: false } : lost.failed
}
