import type { GdbStub } from '../../guest/gdb-stub.js'
import { GuestFailure } from '../../guest/guest-failure.js'
import { instructionsSoFar } from '../../guest/instructions.js'
import type { GuestMachine } from '../../guest/qemu-args.js'
import type { Symbols } from '../../guest/symbols.js'
import { withGuest } from '../../guest/with-guest.js'
import type { KhoState } from '../../image/state.js'
import { addressOf } from '../debugger.js'
import { prepareReplay } from '../prepare.js'
import { writeStateFiles } from '../replay.js'
import { beginningOf } from '../write-boot-files.js'

/** Functions of mm_core_init() between which the map is read, and then all memory that is not reserved given away. */
export const BOOT_FUNCTIONS = ['kho_memory_init', 'memblock_free_all', 'kmem_cache_init'] as const

/** Instructions of one kernel's early boot. */
export interface BootCounts {
  /** kho_memory_init(): the walk of the map, and a call of memblock_reserve() for each block. */
  reserve: number
  /** memblock_free_all() and what follows up to kmem_cache_init(): free memory is told from reserved, and given away. */
  free: number
}

/** Of processor time: a guest with a clock of its own runs slowly. */
const LIMIT = 600
/** Nothing that is printed, and no address that moves. */
const CMDLINE = 'console=ttyS0 loglevel=1 panic=-1 nokaslr kho=on'

/**
 * Boots a kernel on a state, and counts the instructions that it takes to read the map and to free the rest.
 *
 * @throws KhoError as prepareReplay()
 * @throws GuestFailure where it does not get there
 */
export async function countEarlyBoot(
  state: KhoState,
  kernel: string,
  symbols: Symbols,
  memory: number,
): Promise<BootCounts> {
  const places = BOOT_FUNCTIONS.map(name => addressOf(symbols, name))
  // Nobody gets as far as user space: any initramfs will do.
  const initrd = new Uint8Array(4096)
  const preparation = prepareReplay(state, { kernel, initrd, memory, fixedAddresses: true })
  const machineIn = (folder: string): GuestMachine => {
    const files = writeStateFiles(folder, state, preparation)
    return {
      ...beginningOf(files, preparation.plan),
      ...(files.initrd === null ? {} : { initrd: files.initrd }),
      cmdline: CMDLINE,
      memory,
      accelerator: 'tcg',
      load: [files.state],
      paused: true,
      counted: true,
    }
  }
  return withGuest(machineIn, LIMIT, async guest => {
    const gdb = await guest.gdb()
    const counts: number[] = []
    for (const place of places) {
      await runTo(gdb, place)
      counts.push(await instructionsSoFar(guest.qmp))
    }
    gdb.leave()
    const [begin, read, freed] = counts as [number, number, number]
    return { reserve: read - begin, free: freed - read }
  })
}

/** Lets a guest run up to an address. @throws GuestFailure where it ends before */
export async function runTo(gdb: GdbStub, address: bigint): Promise<void> {
  const stopped = (await gdb.setBreakpoint(address)) && (await gdb.resume())
  if (!stopped) throw new GuestFailure(`the guest did not come to 0x${address.toString(16)}`)
  await gdb.clearBreakpoint(address)
}
