import type { BlobValue } from '../../../formats/blobs/index.js'
import { DEBUGFS_NOWHERE } from '../../../formats/dumps/debugfs.js'
import type { ReadingKernel } from '../../../formats/kernels/index.js'
import type { Range } from '../../../formats/memory/range.js'
import type { KhoState } from '../../image/state.js'
import { type CommandLine, parseCommandLine } from './cmdline.js'
import { bootKernel, type EarlyBoot, type ScratchPlace } from './early-boot.js'
import type { RegionWish } from './memblock.js'
import { createReaderMemory, type ReaderMemory } from './memory.js'
import { runKernel } from './running.js'
import type { ReaderEvent, Trace } from './trace.js'

/** The kernel that reads a state, and what it is told. */
export interface ReadOptions {
  kernel: ReadingKernel
  /** All of RAM; null where that is not known. */
  ram: readonly Range[] | null
  /** Memory that the dump lacks reads as zero. */
  absentIsZero: boolean
  /** Its command line; null where it is not known: then what it would take to have everything back is assumed. */
  cmdline: string | null
}

/** What one kernel makes of a state, from its first look to the last file taken back. */
export interface Reading {
  boot: EarlyBoot
  /** Null where early boot ended before it, and for kernels whose users are not followed. */
  trace: Trace | null
  memory: ReaderMemory
  assumptions: string[]
}

/** Follows a kernel through a state. */
export function readState(state: KhoState, options: ReadOptions): Reading {
  const { kernel, ram, absentIsZero } = options
  const { geometry, image } = state
  const cmdline = options.cmdline === null ? null : parseCommandLine(options.cmdline)
  const shown = image.dump.debugfs !== undefined
  const memory = createReaderMemory(image.memory, geometry, ram, absentIsZero, shown ? DEBUGFS_NOWHERE : null)
  const boot = bootKernel(memory, {
    kernel,
    geometry,
    root: state.root.address,
    scratch: scratchPlace(state),
    kdump: cmdline?.kdump === true,
    mapHidden: shown,
  })
  const trace = follow(state, options, memory, boot, cmdline)
  // What a copy of debugfs never shows is assumed; files that it should have are not.
  if (shown && trace !== null)
    trace.needs = trace.needs.filter(({ address }) => (address ?? 0) >= DEBUGFS_NOWHERE)
  const assumptions = new Set([...memory.assumptions, ...(trace?.assumptions ?? [])])
  if (trace !== null) for (const text of commandLineAssumptions(state, kernel, cmdline)) assumptions.add(text)
  if (trace !== null && cmdline !== null) trace.events.push(...commandLineEvents(state, kernel, cmdline))
  return { boot, trace, memory, assumptions: [...assumptions] }
}

function follow(
  state: KhoState,
  { kernel }: ReadOptions,
  memory: ReaderMemory,
  boot: EarlyBoot,
  cmdline: CommandLine | null,
): Trace | null {
  if (boot.end !== 'done' || boot.reserved === null || kernel.layout.blobProperty === null) return null
  return runKernel({
    memory,
    kernel,
    geometry: state.geometry,
    root: state.root.address,
    reserved: state.image.dump.debugfs === undefined ? boot.reserved : null,
    extended: (boot.extended ?? []).length > 0,
    regions: cmdline?.regions ?? handedOver(state),
    enabled: cmdline?.kho !== false,
    liveupdate: cmdline === null || cmdline.liveupdate,
    redacted: isRedacted(state),
    areas: areasOf(state),
  })
}

/** Where the array is. Before the jump its place holds something else, which is not to be taken for it. */
function scratchPlace({ scratchArray, scratch, root, image }: KhoState): ScratchPlace | null {
  if (scratchArray === null) return null
  const { address, size: length } = scratchArray
  const staged = scratch === null && root.direction === 'outgoing' && image.memory.read(address, 1).ok
  return { address, length, inPlace: !staged }
}

function valuesOf<K extends BlobValue['kind']>(state: KhoState, kind: K): Extract<BlobValue, { kind: K }>[] {
  return state
    .blobs()
    .flatMap(({ value }) => (value?.kind === kind ? [value as Extract<BlobValue, { kind: K }>] : []))
}

/** A command line that is not known asks for every region that there is. */
function handedOver(state: KhoState): RegionWish[] {
  const found = valuesOf(state, 'memblock')
  const names = found.flatMap(({ regions }) => regions.map(({ name }) => name))
  // Where the list cannot be read, some name all the same.
  const asked = found.length === 0 ? ['?'] : names
  return asked.map(name => ({ name, size: null, align: null }))
}

function areasOf(state: KhoState): { address: number; path: string }[] {
  return valuesOf(state, 'vmalloc').flatMap(({ extent, path }) =>
    extent === null ? [] : [{ address: extent.start, path }],
  )
}

/** Notes of slim images have these types where contents were taken out. */
const REDACTED = [3, 4]

/** True for an image that says of itself that contents were taken out of it. */
function isRedacted({ image }: KhoState): boolean {
  return image.dump.notes.some(({ name, type }) => name === 'KHO-TOOLS' && REDACTED.includes(type))
}

/** Children of the root FDT that a kernel passes over with `kho=off`. */
function passedOver(state: KhoState, { users }: ReadingKernel): string[] {
  const names = state.fdt.root.children.map(child => child.name)
  const own = [users.luo && 'LUO', users.kexecMetadata && 'kexec-metadata', users.khoTest && 'kho_test']
  return own.filter(name => name !== null && name !== false && names.includes(name)) as string[]
}

function commandLineAssumptions(
  state: KhoState,
  kernel: ReadingKernel,
  cmdline: CommandLine | null,
): string[] {
  const found: string[] = []
  const names = state.fdt.root.children.map(child => child.name)
  if (cmdline?.scratch === true) found.push('kho_scratch= has no say: areas come with the hand-over')
  const wanted: string[] = []
  if ((cmdline?.kho ?? null) === null && passedOver(state, kernel).length > 0) wanted.push('kho=on')
  if (cmdline === null && kernel.users.luo !== null && names.includes('LUO')) wanted.push('liveupdate=on')
  if (cmdline === null && names.includes('memblock')) wanted.push('the reserve_mem= that it takes')
  if (wanted.length > 0) found.push(`the command line has ${wanted.join(', ')}`)
  return found
}

/** What a command line leaves behind, without a word. */
function commandLineEvents(state: KhoState, kernel: ReadingKernel, cmdline: CommandLine): ReaderEvent[] {
  const event = (message: string, path: string | null): ReaderEvent => {
    return { rule: 'READER-CMDLINE', effect: 'silent', message, path, address: null }
  }
  if (cmdline.kho === false) {
    const left = passedOver(state, kernel)
    return left.length === 0 ? [] : [event(`kho=off: nobody looks at ${left.join(', ')}`, null)]
  }
  const luo = valuesOf(state, 'luo')[0]
  const files = luo !== undefined && (luo.sessions.length > 0 || (luo.sessionsAddress ?? 1) !== 0)
  if (kernel.users.luo === null || cmdline.liveupdate || !files) return []
  return [event('no liveupdate=on: sessions cannot be asked for', 'luo')]
}
