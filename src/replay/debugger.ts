import type { Guest } from '../guest/guest.js'
import { GuestFailure } from '../guest/guest-failure.js'
import type { GuestMachine } from '../guest/qemu-args.js'
import { readSymbols, type Symbols, symbolsOf } from '../guest/symbols.js'
import { withGuest, withInitrd } from '../guest/with-guest.js'

/** Where a guest waits for a debugger: about to look at what was handed over. 6.16 to 7.2. */
export const STOP_FUNCTION = 'kho_populate'

/** RAM and seconds of a guest that is only asked for an address. */
const ASKED = { memory: 512 * 2 ** 20, limit: 60 } as const

/**
 * The virtual address of kho_populate() in a kernel that stays where it is linked to be: from System.map or vmlinux where
 * there is one, else from a guest of its own that shows its kallsyms.
 *
 * @throws KhoError `unreadable` and the like for the file
 * @throws GuestFailure where the guest does not tell
 */
export async function stopAddress(
  machine: Pick<GuestMachine, 'kernel' | 'accelerator'>,
  initrd: Uint8Array,
  symbolFile?: string,
): Promise<bigint> {
  const names = [STOP_FUNCTION]
  const symbols =
    symbolFile === undefined ? await askGuest(machine, initrd, names) : readSymbols(symbolFile, names)
  return addressOf(symbols, STOP_FUNCTION)
}

/**
 * The address of a function, of those that were asked for.
 *
 * @throws GuestFailure where it is not known
 */
export function addressOf(symbols: Symbols, name: string): bigint {
  const address = symbols.get(name)
  if (address === undefined) {
    throw new GuestFailure(`this kernel does not say where ${name} is; give --symbols FILE`)
  }
  return address
}

/** Virtual addresses of functions, from a guest of its own that shows its kallsyms. */
export async function askGuest(
  machine: Pick<GuestMachine, 'kernel' | 'accelerator'>,
  initrd: Uint8Array,
  names: readonly string[],
): Promise<Symbols> {
  const cmdline = 'console=ttyS0 panic=-1 nokaslr'
  return withGuest(
    withInitrd({ ...machine, cmdline, memory: ASKED.memory }, initrd),
    ASKED.limit,
    async ({ agent }) => {
      if ((await agent.ready()) === null) {
        throw new GuestFailure(
          'the kernel does not come up by itself, so that it cannot be asked for symbols',
        )
      }
      return symbolsOf(agent, names)
    },
  )
}

/**
 * Lets a guest that has not run yet run up to an address, and leaves it stopped there.
 *
 * @throws GuestFailure where it does not get there
 */
export async function stopAt(guest: Guest, address: bigint): Promise<void> {
  const gdb = await guest.gdb()
  if (!(await gdb.setBreakpoint(address)))
    throw new GuestFailure(`QEMU sets no breakpoint at ${STOP_FUNCTION}`)
  if (!(await gdb.resume())) {
    const last = guest.console.lines.at(-1) ?? 'nothing'
    throw new GuestFailure(`the guest ended before ${STOP_FUNCTION}; it said last: ${last}`)
  }
  await gdb.clearBreakpoint(address)
  gdb.leave()
}

/** The command line that attaches a debugger. */
export function debuggerCommand(socket: string, symbolFile?: string): string {
  const isVmlinux = symbolFile !== undefined && !/system\.map/i.test(symbolFile)
  const words = isVmlinux ? [quote(symbolFile)] : ["-ex 'set architecture i386:x86-64'"]
  return ['gdb', ...words, `-ex 'target remote ${socket}'`].join(' ')
}

function quote(path: string): string {
  return /^[\w./+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}
