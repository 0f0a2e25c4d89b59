import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { KhoError } from '../../formats/error.js'
import { type Boot, findKernel, type Kernel } from '../../formats/kernels/index.js'
import { chooseAccelerator } from '../guest/accel.js'
import type { Arch } from '../guest/arch.js'
import { type BootImage, readBootImage } from '../guest/boot-image.js'
import { dumpMemory } from '../guest/dump-memory.js'
import { type Guest, startGuest } from '../guest/guest.js'
import { GuestFailure } from '../guest/guest-failure.js'
import { buildInitramfs, NEXT_KERNEL, withNextKernel } from '../guest/initramfs.js'
import { type KernelLog, type ReservationLine, readKernelLog, readReservations } from '../guest/kernel-log.js'
import { type MemfdPlan, makeFiles } from '../guest/make-files.js'
import { findProgram, QEMU } from '../guest/programs.js'
import { type GuestFile, type Retrieved, retrieveAll, type SessionWanted } from '../guest/retrieve.js'
import { readSymbols, type Symbols, symbolsOf } from '../guest/symbols.js'
import { makeTempFolder } from '../node/temp-folder.js'
import { type Abilities, finalize, findAbilities } from './abilities.js'
import { firstCmdline, nextCmdline } from './cmdlines.js'
import { type Moment, momentSymbols, stopAtMoments } from './moments.js'
import type { CaptureMachine, CaptureOptions } from './options.js'
import { readLog, readMachine, readTree } from './read-guest.js'

/** What was captured: the dumps, and what the guest itself said. */
export interface Capture {
  /** Where the guest got no further, in words; what follows is then what it said up to there. */
  failed: string | null
  /** Nothing can be said about the kernel: it does not boot, or lacks what is to be captured. */
  unjudged: boolean
  /** The kernel, as its image says; null where the image does not say, or it never had KHO. */
  kernel: Kernel | null
  /** What the kernel lacks, and what was left out for that; a line each. */
  notes: string[]
  /** Regions that both kernels were asked for. */
  regions: string[]
  /** Path of each dump. */
  dumps: Partial<Record<Moment, string>>
  /** Files as user space saw them before the jump. */
  preserved: GuestFile[]
  /** Files as user space saw them after. */
  retrieved: Retrieved
  /** Files of debugfs, by path, before and after the jump. */
  debugfs: { before: Map<string, Uint8Array>; after: Map<string, Uint8Array> }
  /** What the first kernel and the next one say of themselves: version, command line, map of memory. */
  machine: { before: Map<string, string>; after: Map<string, string> }
  /** Blocks that the second kernel reserved while it read the incoming map. */
  reservations: ReservationLine[]
  logs: { before: KernelLog; after: KernelLog }
  /** Lines of the log buffers, whole. */
  dmesg: { before: string[]; after: string[] }
  /** How moments were found: a breakpoint at a function, or the console. */
  exact: boolean
  /** Lines of the console, of both kernels. */
  console: string[]
  seconds: number
}

const MIB = 2 ** 20
/** With pages of 64K scratch areas are aligned to 512 MiB: in less, three of them find no room. */
const DEFAULT_MEMORY: Readonly<Record<Arch, number>> = { x86_64: 1024 * MIB, arm64: 3072 * MIB }
const DEFAULT_LIMIT = 180
const DEBUGFS = '/sys/kernel/debug/kho'

/**
 * Boots a guest, preserves, loads the next kernel, jumps to it and retrieves; dumps memory on the way.
 *
 * @throws KhoError `missing` for programs and places to write, `unreadable` for the kernel. A guest that does not get
 * through is no error: `failed` says so.
 */
export async function runCapture(options: CaptureOptions): Promise<Capture> {
  const begun = Date.now()
  const say = options.progress ?? (() => {})
  const kernel = resolve(options.kernel)
  const image = readBootImage(kernel)
  const { arch } = image
  const qemu = findProgram(QEMU[arch])
  checkMachine(options, image)
  const capture = emptyCapture(options, image.release === null ? null : findKernel(image.release))
  const moments = momentSymbols(capture.kernel?.boot ?? null)
  const given = options.symbols === undefined ? null : readSymbols(options.symbols, moments)
  const initrd = options.initrd ?? buildInitramfs(arch)
  makeFolder(options.folder)
  const temp = makeTempFolder()
  let guest: Guest | undefined
  let jumped = false
  try {
    if (options.keep !== undefined) {
      temp.keep()
      options.keep(temp.path)
    }
    const initrdPath = join(temp.path, 'initrd')
    // kexec_file_load() takes an Image as it is, and none that is packed.
    writeFileSync(initrdPath, withNextKernel(initrd, image.bytes))
    say('starting the first kernel')
    guest = await startGuest(
      {
        arch,
        kernel,
        initrd: initrdPath,
        cmdline: firstCmdline(options, arch),
        memory: options.memory ?? DEFAULT_MEMORY[arch],
        ...(options.cpus === undefined ? {} : { cpus: options.cpus }),
        accelerator: options.accelerator ?? chooseAccelerator(qemu, arch),
      },
      { folder: temp.path, limit: options.limit ?? DEFAULT_LIMIT },
    )
    const prepared = await prepare(guest, options, given, capture, nextCmdline(options, arch))
    jumped = true
    await jump(guest, options, prepared, capture)
  } catch (error) {
    if (!(error instanceof GuestFailure)) throw error
    capture.failed = error.message
    capture.unjudged = error.unjudged
  } finally {
    const end = await guest?.stop()
    if (end?.how === 'limit') sayTimeIsUp(capture, jumped)
    temp.remove()
  }
  capture.console = [...(guest?.console.lines ?? [])]
  capture.seconds = (Date.now() - begun) / 1000
  return capture
}

function emptyCapture({ regions = [] }: CaptureOptions, kernel: Kernel | null): Capture {
  return {
    failed: null,
    unjudged: false,
    kernel,
    notes: [],
    machine: { before: new Map(), after: new Map() },
    regions: regions.map(({ name }) => name),
    dumps: {},
    preserved: [],
    retrieved: { files: [], failures: [], cut: false },
    debugfs: { before: new Map(), after: new Map() },
    reservations: [],
    logs: { before: readKernelLog([]), after: readKernelLog([]) },
    dmesg: { before: [], after: [] },
    exact: false,
    console: [],
    seconds: 0,
  }
}

const TIME_IS_UP = 'its time is up'

/** Whatever a guest did not answer then: of a kernel that has not come to the jump nothing can be said. */
function sayTimeIsUp(capture: Capture, jumped: boolean): void {
  if (capture.failed === null) return
  if (!capture.failed.includes(TIME_IS_UP)) capture.failed = `${capture.failed}: ${TIME_IS_UP}`
  capture.unjudged ||= !jumped
}

/** Dumps the guest's memory, where that moment is wanted. */
function dumper(guest: Guest, options: CaptureOptions, capture: Capture) {
  return async (moment: Moment): Promise<void> => {
    if (options.moments !== undefined && !options.moments.includes(moment)) return
    options.progress?.(`dumping memory: ${moment}`)
    const suffix = options.dump?.startsWith('kdump') ? 'kdump' : 'elf'
    const path = join(resolve(options.folder), `${moment}.${suffix}`)
    await dumpMemory(guest.qmp, path, options.dump)
    capture.dumps[moment] = path
  }
}

/** What the second kernel is to be asked for, and where it is stopped. */
interface Prepared {
  boot: Boot | null
  symbols: Symbols
  files: Files
}

/** Has the first kernel preserve all that is wanted. What is known is put into `capture` as it comes. */
async function prepare(
  guest: Guest,
  options: CaptureOptions,
  given: Symbols | null,
  capture: Capture,
  next: string,
): Promise<Prepared> {
  const { agent } = guest
  await readyOrFail(guest, 'the first kernel', true)
  const boot = capture.kernel?.boot ?? null
  const abilities = await findAbilities(agent, boot)
  capture.notes.push(...abilities.notes)
  options.progress?.('preserving')
  const files = filesFor(options, abilities, capture)
  capture.preserved = await makeFiles(agent, files.sessions, files.memfds)
  const symbols = given ?? (await symbolsOf(agent, momentSymbols(boot)))
  await finalize(agent, abilities, boot)
  const loaded = await agent.request('load', NEXT_KERNEL.kernel, NEXT_KERNEL.initrd, next)
  if (!loaded.ok) throw new GuestFailure(`the guest cannot load the next kernel: ${loaded.message}`)
  capture.debugfs.before = await readTree(agent, DEBUGFS)
  capture.machine.before = await readMachine(agent)
  capture.dmesg.before = await readLog(agent)
  capture.logs.before = readKernelLog(capture.dmesg.before)
  await dumper(guest, options, capture)('ready')
  return { boot, symbols, files }
}

/** Jumps, and asks the second kernel for all of it. */
async function jump(
  guest: Guest,
  options: CaptureOptions,
  { boot, symbols, files }: Prepared,
  capture: Capture,
): Promise<void> {
  const { agent } = guest
  const dump = dumper(guest, options, capture)
  options.progress?.('jumping')
  capture.exact = await stopAtMoments(guest, symbols, boot, dump)
  await readyOrFail(guest, 'the next kernel', false)
  capture.debugfs.after = await readTree(agent, DEBUGFS)
  capture.machine.after = await readMachine(agent)
  options.progress?.('retrieving')
  capture.retrieved = await retrieveAll(agent, wantedOf(files))
  capture.dmesg.after = await readLog(agent)
  capture.logs.after = readKernelLog(capture.dmesg.after)
  capture.reservations = readReservations(capture.dmesg.after)
  await dump('retrieved')
}

/** The agent comes up, or the failure says what the kernel said last. */
async function readyOrFail(guest: Guest, what: string, isFirst: boolean): Promise<void> {
  if ((await guest.agent.ready()) !== null) return
  const { how } = await guest.ended
  const log = readKernelLog(guest.console.lines)
  const last = log.oops?.message ?? log.panic ?? guest.console.lines.at(-1) ?? 'nothing'
  const why = how === 'limit' ? TIME_IS_UP : 'it ended'
  throw new GuestFailure(`${what} did not come up: ${why}; it said last: ${last}`, isFirst)
}

interface Files {
  sessions: readonly string[]
  memfds: readonly MemfdPlan[]
}

/** Sessions and memfds, where the kernel has LUO. */
function filesFor(
  { sessions = [], memfds = [] }: CaptureOptions,
  { luo }: Abilities,
  { kernel, notes }: Capture,
): Files {
  if (luo || sessions.length + memfds.length === 0) return { sessions, memfds }
  const why =
    kernel?.users.luo === null
      ? `Linux ${kernel.release} has no LUO`
      : 'the kernel has no /dev/liveupdate: it was built without CONFIG_LIVEUPDATE, or booted without liveupdate=on'
  notes.push(`${why}: sessions and memfds are left out`)
  return { sessions: [], memfds: [] }
}

function wantedOf({ sessions, memfds }: Files): SessionWanted[] {
  const names = new Set([...sessions, ...memfds.map(memfd => memfd.session)])
  return [...names].map(name => ({
    name,
    tokens: memfds.filter(memfd => memfd.session === name).map(memfd => memfd.token),
  }))
}

/** What is to be preserved was said for a machine: another kernel makes another one. */
function checkMachine({ machine }: CaptureOptions, { arch, pageShift }: BootImage): void {
  if (machine === undefined || (machine.arch === arch && machine.pageShift === pageShift)) return
  const say = (kind: CaptureMachine) => `${kind.arch} with pages of ${2 ** (kind.pageShift - 10)}K`
  throw new KhoError(
    'usage',
    `the scenario is for ${say(machine)}, the kernel is ${say({ arch, pageShift })}`,
  )
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new KhoError('missing', `cannot make the folder for the dumps: ${why}`, { path })
  }
}
