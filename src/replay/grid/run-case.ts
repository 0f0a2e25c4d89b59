import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { chooseAccelerator } from '../../guest/accel.js'
import { type Guest, type GuestEnd, startGuest } from '../../guest/guest.js'
import { GuestFailure } from '../../guest/guest-failure.js'
import { type ReservationLine, readReservations } from '../../guest/kernel-log.js'
import type { LineLog } from '../../guest/line-log.js'
import { findProgram } from '../../guest/programs.js'
import type { GuestMachine } from '../../guest/qemu-args.js'
import { type Retrieved, retrieveAll, type SessionWanted } from '../../guest/retrieve.js'
import { saveGuest, waitResumed } from '../../guest/save.js'
import { withGuest } from '../../guest/with-guest.js'
import type { KhoState } from '../../image/state.js'
import { makeTempFolder } from '../../node/temp-folder.js'
import { addressOf, askGuest, STOP_FUNCTION, stopAt } from '../debugger.js'
import { wantedSessions } from '../expected.js'
import { type Preparation, prepareReplay } from '../prepare.js'
import { writeStateFiles } from '../replay.js'
import { beginningOf } from '../write-boot-files.js'
import type { GridBase } from './base-state.js'
import type { GridCase } from './cases.js'
import type { Stage } from './field.js'
import { patchedState } from './patched.js'

/** Guests stopped where cases go on from: one boot for all of them. */
export interface Checkpoints {
  machine: GuestMachine
  preparation: Preparation
  /** Where each was saved: about to look at what was handed over; user space up, and nothing opened. */
  saved: Record<Stage, string>
  held: ReadonlyMap<Stage, Held>
  base: KhoState
  remove(): void
}

/** What a kernel did, as it was seen. Judged later, by what is then known. */
export interface Observed {
  up: boolean
  end: Pick<GuestEnd, 'how' | 'code'>
  /** Lines of the kernel's log, or of its console where that is all there is; without those of memblock=debug. */
  lines: string[]
  retrieved: Retrieved
  /** Blocks kept; null where the log could not be had whole. */
  reserved: ReservationLine[] | null
  seconds: number
}

const LIMITS: Record<Stage, number> = { boot: 25, init: 20, use: 12 }
const START_LIMIT = 120
const HALT_MS = 1000
/**
 * Oopses and warnings go to the console; the rest is in the log buffer, which is faster. That timers tick is not checked: on a
 * machine with other things to do they may seem not to.
 */
const APPEND = 'loglevel=5 no_timer_check'

/**
 * Boots a kernel on the base state once, and saves it at each stage.
 *
 * @throws GuestFailure where it does not get there
 */
export async function makeCheckpoints(
  kernel: string,
  base: GridBase,
  say: (message: string) => void,
): Promise<Checkpoints> {
  const { state } = await patchedState(base, null)
  if (state === null) throw new GuestFailure('the base state cannot be read')
  const regions = base.scenario.calls.flatMap(call => (call.name === 'reserve_mem' ? [call.args] : []))
  const preparation = prepareReplay(state, { kernel, regions, fixedAddresses: true, append: APPEND })
  const accelerator = chooseAccelerator(findProgram('qemu'))
  say('asking the kernel for symbols')
  const names = Object.values(STOPS)
  const symbols = await askGuest({ kernel: resolve(kernel), accelerator }, preparation.initrd, names)
  const folder = makeTempFolder()
  const files = writeStateFiles(folder.path, state, preparation)
  const machine: GuestMachine = {
    ...beginningOf(files, preparation.plan),
    ...(files.initrd === null ? {} : { initrd: files.initrd }),
    cmdline: preparation.cmdline,
    memory: preparation.memory,
    accelerator,
    load: [files.state],
    paused: true,
  }
  const savedAt = (stage: Stage) => join(folder.path, `${stage}.saved`)
  const saved = { boot: savedAt('boot'), init: savedAt('init'), use: savedAt('use') }
  const held = new Map<Stage, Held>()
  const points = { machine, preparation, saved, held, base: state, remove: () => folder.remove() }
  const save = async (guest: Guest, stage: 'boot' | 'init') => {
    const address = addressOf(symbols, STOPS[stage])
    await stopAt(guest, address)
    held.set(stage, await holdAt(guest, address))
    await saveGuest(guest, saved[stage])
  }
  say('saving a guest that is about to read the state')
  const guest = await startGuest(machine, { folder: folder.path, limit: START_LIMIT })
  try {
    await save(guest, 'boot')
  } finally {
    await guest.stop()
  }
  say('saving a guest that is about to run its initcalls')
  await goOn(points, 'boot', null, START_LIMIT, next => save(next, 'init'), true)
  say('saving a guest whose user space is up')
  await goOn(points, 'init', null, START_LIMIT, async next => {
    if ((await next.agent.ready()) === null)
      throw new GuestFailure('the kernel does not come up on the base state')
    await saveGuest(next, saved.use)
  })
  return points
}

/** Functions at whose first instruction a stage is. kernel_init_freeable() runs all initcalls. */
const STOPS = { boot: STOP_FUNCTION, init: 'kernel_init_freeable' } as const

/** An instruction that was replaced by one that jumps to itself. */
interface Held {
  address: bigint
  bytes: Uint8Array
}

/** jmp to itself. */
const STAY = Uint8Array.of(0xeb, 0xfe)

/**
 * Lets a guest that a debugger has stopped run on the spot: QEMU does not resume one that was saved while a breakpoint had
 * stopped it.
 */
async function holdAt(guest: Guest, address: bigint): Promise<Held> {
  const gdb = await guest.gdb()
  const bytes = await gdb.readVirtual(address, STAY.length)
  if (bytes === null || !(await gdb.writeVirtual(address, STAY))) {
    throw new GuestFailure(`QEMU does not write to ${address.toString(16)}`)
  }
  await gdb.detach()
  return { address, bytes }
}

/** Lets a guest go on from a stage, with other bytes at one place. */
async function goOn(
  points: Checkpoints,
  stage: Stage,
  row: Pick<GridCase, 'at' | 'bytes'> | null,
  limit: number,
  work: (guest: Guest) => Promise<void>,
  hold = false,
): Promise<GuestEnd & { console: readonly string[] }> {
  const resumed = { ...points.machine, resumed: points.saved[stage] }
  const { ended, console } = await withGuest(
    () => resumed,
    limit,
    async guest => {
      await waitResumed(guest)
      const gdb = await guest.gdb()
      if (row !== null && !(await gdb.writePhysical(row.at, Buffer.from(row.bytes, 'hex')))) {
        throw new GuestFailure(`QEMU does not write to 0x${row.at.toString(16)}`)
      }
      const held = points.held.get(stage)
      if (held !== undefined && !(await gdb.writeVirtual(held.address, held.bytes))) {
        throw new GuestFailure('QEMU does not let the guest go on')
      }
      // Stopped, for work that goes on with a debugger would else miss its moment.
      if (hold) gdb.leave()
      else await gdb.detach()
      await work(guest)
      return guest
    },
  )
  return { ...(await ended), console: console.lines }
}

/** Lets a kernel read a case from the last moment before it can have looked at it, and user space take everything back. */
export async function runCase(
  points: Checkpoints,
  row: Pick<GridCase, 'at' | 'bytes' | 'stage'> | null,
  patched: KhoState | null,
  stage: Stage = row?.stage ?? 'boot',
): Promise<Observed> {
  const begun = Date.now()
  let up = stage === 'use'
  let retrieved: Retrieved = { files: [], failures: [], cut: false }
  let lines: string[] | null = null
  const end = await goOn(points, stage, row, LIMITS[stage], async ({ agent, console }) => {
    up ||= (await Promise.race([agent.ready(), halted(console)])) !== null
    if (!up) return
    retrieved = await retrieveAll(agent, wantedOf(points.base, patched))
    const log = retrieved.cut ? null : await agent.request('dmesg')
    lines = log?.ok ? Buffer.from(log.bytes).toString('latin1').split('\n') : null
  })
  return {
    up,
    end: { how: end.how, code: end.code },
    lines: (lines ?? end.console).filter(
      line => !/memblock_\w+: \[|^ *(memory|reserved)(\.cnt|\[0x)/.test(line),
    ),
    retrieved,
    reserved: lines === null || !points.preparation.asked ? null : readReservations(lines),
    seconds: (Date.now() - begun) / 1000,
  }
}

/** Resolves, after a while for the rest of what it says, where a kernel shows its registers and not why: then it has halted. */
async function halted(console: LineLog): Promise<null> {
  const shown = await console.waitFor(/\bRIP: 0010:/)
  const said = console.lines.slice(0, shown?.index).some(line => /\b(WARNING|BUG|Oops)\b/.test(line))
  if (shown === null || said) return new Promise(() => {})
  await setTimeout(HALT_MS)
  return null
}

/** What user space asks for: what it knows that it gave away, and whatever else the case's image names. */
export function wantedOf(base: KhoState, patched: KhoState | null): SessionWanted[] {
  const wanted = new Map<string, Set<bigint>>()
  for (const state of [base, ...(patched === null ? [] : [patched])]) {
    for (const { name, tokens } of wantedSessions(state)) {
      const known = wanted.get(name) ?? new Set()
      for (const token of tokens) known.add(token)
      wanted.set(name, known)
    }
  }
  return [...wanted].map(([name, tokens]) => ({ name, tokens: [...tokens] }))
}
