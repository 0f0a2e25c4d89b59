import { join, resolve } from 'node:path'
import { isKhoError } from '../../formats/error.js'
import { type Accelerator, chooseAccelerator } from '../guest/accel.js'
import { fileDigests } from '../guest/file-digests.js'
import { type Guest, type GuestEnd, startGuest } from '../guest/guest.js'
import { type KernelLog, type ReservationLine, readKernelLog, readReservations } from '../guest/kernel-log.js'
import { completeLog } from '../guest/line-log.js'
import { findProgram, QEMU } from '../guest/programs.js'
import { GUEST_FILES, type GuestMachine } from '../guest/qemu-args.js'
import { type Retrieved, retrieveAll } from '../guest/retrieve.js'
import type { KhoState } from '../image/state.js'
import { openKernelFile } from '../node/kernel-file.js'
import { makeTempFolder } from '../node/temp-folder.js'
import { debuggerCommand, stopAddress, stopAt } from './debugger.js'
import { expectedOf, wantedSessions } from './expected.js'
import { withoutRanges } from './free-ranges.js'
import { type Judgement, judgeReplay } from './judge.js'
import { rangesToLoad } from './load-ranges.js'
import { type Preparation, type PrepareOptions, prepareReplay } from './prepare.js'
import { reservationDifferences, unkeptRegions } from './reservations.js'
import { type BootFiles, beginningOf, writeBootFiles } from './write-boot-files.js'

/** How a state is replayed. */
export interface ReplayOptions extends PrepareOptions {
  accelerator?: Accelerator
  /** Seconds after which the guest is ended. */
  limit?: number
  /** Digests that files should have, by `session/token`; those of the contents that the state has where not given. */
  digests?: ReadonlyMap<string, string>
  /** The guest waits for a debugger before it looks at the state. */
  debug?: ReplayDebug
  /** The guest's folder stays, and this is told where it is. */
  keep?: (folder: string) => void
  /** Told what is being done. */
  progress?: (message: string) => void
}

/** A debugger that is waited for. */
export interface ReplayDebug {
  /** System.map or vmlinux; what a guest itself says of its symbols where not given. */
  symbols?: string
  /** Told how to attach, once the guest waits: a command line, and the socket of the stub. */
  waiting: (command: string, socket: string) => void
}

/** The string that lib/test_kho.c looks its child up by. */
const KHO_TEST_NODE = 'kho_test'

/** What came of a replay. */
export interface ReplayReport
  extends Judgement,
    Pick<Preparation, 'collisions' | 'plan' | 'memory' | 'cmdline' | 'predicted'> {
  /** How it was begun. */
  preparation: Preparation
  /** Release as the kernel says it, or as its image does where it says nothing. */
  kernel: string | null
  log: KernelLog
  retrieved: Retrieved
  /** Blocks that it kept because of the map; null where there are too many to ask for them. */
  reservations: ReservationLine[] | null
  /** Lines of the console, whole. */
  console: string[]
  end: GuestEnd
  /** Seconds from the start of QEMU to user space, null where that never came, and in all. */
  seconds: { up: number | null; total: number }
}

const DEFAULT_LIMIT = 60
/** Of a person who debugs. */
const DEBUG_LIMIT = 3600

/**
 * Starts a fresh guest on a handed-over state, lets user space take everything back, and says what the kernel made of it.
 *
 * @throws KhoError as `prepareReplay()`
 * @throws GuestFailure where a debugger is waited for, and the guest does not get that far
 */
export async function replayState(state: KhoState, options: ReplayOptions): Promise<ReplayReport> {
  const say = options.progress ?? (() => {})
  const { debug } = options
  const preparation = prepareReplay(state, { ...options, fixedAddresses: debug !== undefined })
  for (const note of preparation.notes) say(note)
  const { image, plan, memory, cmdline, collisions, predicted } = preparation
  const { arch } = image
  const accelerator = options.accelerator ?? chooseAccelerator(findProgram(QEMU[arch]), arch)
  const stop =
    debug === undefined
      ? null
      : await stopAddress({ kernel: resolve(options.kernel), accelerator }, preparation.initrd, debug.symbols)
  const folder = makeTempFolder()
  try {
    if (options.keep !== undefined) {
      folder.keep()
      options.keep(folder.path)
    }
    say('writing the state')
    const files = writeStateFiles(folder.path, state, preparation)
    const machine: GuestMachine = {
      arch,
      ...beginningOf(files, plan),
      ...(files.initrd === null ? {} : { initrd: files.initrd }),
      cmdline,
      memory,
      accelerator,
      load: [files.state],
      paused: stop !== null,
    }
    say('starting the guest')
    const begun = Date.now()
    const limit = options.limit ?? (debug === undefined ? DEFAULT_LIMIT : DEBUG_LIMIT)
    const guest = await startGuest(machine, { folder: folder.path, limit })
    let observed: Observed
    try {
      if (debug !== undefined && stop !== null) {
        await stopAt(guest, stop)
        const socket = join(folder.path, GUEST_FILES.gdb)
        debug.waiting(debuggerCommand(socket, debug.symbols), socket)
      }
      observed = await observe(guest, state, say)
    } finally {
      await guest.stop()
    }
    const end = await guest.ended
    const lines = completeLog(observed.lines ?? [], guest.console.lines)
    const log = readKernelLog(lines)
    const reservations = preparation.asked ? readReservations(lines) : null
    const seen = {
      log,
      up: observed.up !== null,
      retrieved: observed.retrieved,
      end,
      reserved: reservations && [
        ...reservationDifferences(reservations, state, preparation.handed.areas),
        ...unkeptRegions(reservations, state, log.revived),
      ],
    }
    const expected = expectedOf(state, options.digests ?? fileDigests(state), preparation.regions)
    return {
      ...judgeReplay(seen, { ...expected, testKho: testsItself(state, options.kernel) }),
      preparation,
      kernel: log.release ?? image.release,
      log,
      retrieved: observed.retrieved,
      reservations,
      collisions,
      plan,
      memory,
      cmdline,
      predicted,
      console: [...guest.console.lines],
      end,
      seconds: {
        up: observed.up === null ? null : (observed.up - begun) / 1000,
        total: (Date.now() - begun) / 1000,
      },
    }
  } finally {
    folder.remove()
  }
}

/** The kernel's own test has something to restore, and is built in. */
function testsItself(state: KhoState, kernel: string): boolean {
  if (!state.blobs().some(({ value }) => value?.kind === 'kho-test')) return false
  try {
    return openKernelFile(kernel).has(KHO_TEST_NODE)
  } catch (error) {
    // It boots all the same where there is no program to unpack it.
    if (isKhoError(error)) return false
    throw error
  }
}

/** What is loaded: all that the dump has, but of scratch only what was handed over, and nothing where the boot's things go. */
export function writeStateFiles(folder: string, state: KhoState, preparation: Preparation): BootFiles {
  const { image, initrd, plan, handed, keep } = preparation
  const scratch = handed.areas.map(({ start, size }) => ({ start, end: start + size }))
  const closed = [...withoutRanges(scratch, keep), ...plan.pieces]
  const ranges = rangesToLoad(state.image.memory, closed)
  const { cmdline, memory: ram } = preparation
  return writeBootFiles(folder, {
    image,
    initrd,
    plan,
    handed,
    cmdline,
    ram,
    memory: state.image.memory,
    ranges,
  })
}

interface Observed {
  /** When user space was up. */
  up: number | null
  retrieved: Retrieved
  /** The kernel's log buffer, where user space could read it: unlike the console it misses nothing. */
  lines: string[] | null
}

async function observe(guest: Guest, state: KhoState, say: (message: string) => void): Promise<Observed> {
  const release = await guest.agent.ready()
  if (release === null) return { up: null, retrieved: { files: [], failures: [], cut: false }, lines: null }
  const up = Date.now()
  say(`Linux ${release} is up; retrieving`)
  const retrieved = await retrieveAll(guest.agent, wantedSessions(state))
  const log = retrieved.cut ? null : await guest.agent.request('dmesg')
  const lines = log?.ok ? Buffer.from(log.bytes).toString('latin1').split('\n') : null
  return { up, retrieved, lines }
}
