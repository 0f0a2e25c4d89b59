import type { BlobValue } from '../../../formats/blobs/index.js'
import { DEBUGFS_NOWHERE } from '../../../formats/dumps/debugfs.js'
import type { ReadingKernel } from '../../../formats/kernels/index.js'
import type { KhoState } from '../../image/state.js'
import { bootOf, type ReadOptions } from './boot-of.js'
import { type CommandLine, parseCommandLine } from './cmdline.js'
import type { EarlyBoot } from './early-boot.js'
import type { ReaderMemory } from './memory.js'
import type { RegionWish } from './region.js'
import { roomEvents } from './room.js'
import { runKernel } from './running.js'
import { strayFlbs } from './stray-flbs.js'
import type { ReaderEvent, Trace } from './trace.js'

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
  const { kernel } = options
  const cmdline = options.cmdline === null ? null : parseCommandLine(options.cmdline)
  const shown = state.image.dump.debugfs !== undefined
  const { boot, memory } = bootOf(state, options)
  const trace = follow(state, options, memory, boot, cmdline)
  // What a copy of debugfs never shows is assumed; files that it should have are not.
  if (shown && trace !== null)
    trace.needs = trace.needs.filter(({ address }) => (address ?? 0) >= DEBUGFS_NOWHERE)
  const assumptions = new Set([...memory.assumptions, ...(trace?.assumptions ?? [])])
  if (trace !== null) for (const text of commandLineAssumptions(state, kernel, cmdline)) assumptions.add(text)
  if (trace !== null && cmdline !== null) trace.events.push(...commandLineEvents(state, kernel, cmdline))
  if (trace !== null) trace.events.push(...roomEvents(state, options, boot.extended, cmdline))
  return { boot, trace, memory, assumptions: [...assumptions] }
}

function follow(
  state: KhoState,
  { kernel, start, done }: ReadOptions,
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
    record: start === undefined ? recordOf(state) : start.record,
    unseen: unseenOf(state),
    done,
    strayFlbs: () => strayFlbs(state),
  })
}

/** The setup_data record that the image names the state by, where it lies as the kernel finds it. */
function recordOf({ root, scratch }: KhoState): number | null {
  if (scratch === null) return null
  return root.evidence.find(({ kind }) => kind === 'setup-data')?.address ?? null
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

/**
 * Children that no user of the kernel's own asks for, and whose first bytes the dump lacks: what they hand over, and who takes
 * it, they alone could tell. Own users look for themselves, and say what is missing.
 */
function unseenOf(state: KhoState): { address: number; path: string }[] {
  const { memory } = state.image
  return state.blobs().flatMap(({ address, path, value }) => {
    if (value !== null || address === null || !path.startsWith('blobs/')) return []
    const read = memory.read(address, 1)
    return read.ok || read.reason === 'outside' ? [] : [{ address, path }]
  })
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
  if (cmdline?.scratch === true)
    found.push('kho_scratch= (kho_bootmem=) has no say: areas come with the hand-over')
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
