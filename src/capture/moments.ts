import { type Boot, RELEASES } from '../../formats/kernels/index.js'
import type { Guest } from '../guest/guest.js'
import { GuestFailure } from '../guest/guest-failure.js'
import type { Symbols } from '../guest/symbols.js'

/**
 * When memory is dumped: `ready`, user space has preserved everything and the next kernel is loaded; `jump`, all is
 * serialised; `early`, the next kernel is about to read the incoming map; `retrieved`, user space has taken everything back.
 */
export type Moment = (typeof MOMENTS)[number]

/** Every {@link Moment}, in the order in which they come. */
export const MOMENTS = ['ready', 'jump', 'early', 'retrieved'] as const

/** Functions at whose first instruction the jump, and the early moment, can be; of a kernel that is not known, all there are. */
export function momentSymbols(boot: Boot | null): string[] {
  const rows = boot === null ? RELEASES.flatMap(kernel => kernel.boot ?? []) : [boot]
  return [...new Set(rows.flatMap(({ jumpSymbol, earlySymbol }) => [jumpSymbol, earlySymbol]))]
}

/** Of several kernels' functions the newest that this one has. */
function newestOf(symbols: Symbols, boot: Boot | null, name: 'jumpSymbol' | 'earlySymbol'): string | null {
  const rows = boot === null ? RELEASES.flatMap(kernel => kernel.boot ?? []) : [boot]
  return rows.map(row => row[name]).findLast(symbol => symbols.has(symbol)) ?? null
}

/**
 * Has the guest jump, and stops it at the jump and early in the next kernel. By breakpoints where the addresses are known;
 * else by what comes on the console, shortly after the moments.
 *
 * @returns whether it was by breakpoints.
 * @throws GuestFailure where the guest does not get there.
 */
export async function stopAtMoments(
  guest: Guest,
  symbols: Symbols,
  boot: Boot | null,
  dump: (moment: Moment) => Promise<void>,
): Promise<boolean> {
  const jump = newestOf(symbols, boot, 'jumpSymbol')
  const early = newestOf(symbols, boot, 'earlySymbol')
  if (jump === null || early === null) {
    await stopByConsole(guest, dump)
    return false
  }
  const gdb = await guest.gdb()
  const stopAt = async (what: string) => {
    const address = symbols.get(what)!
    if (!(await gdb.setBreakpoint(address))) throw new GuestFailure(`QEMU sets no breakpoint at ${what}`)
    if (!(await gdb.resume())) throw new GuestFailure(`the guest ended before ${what}: ${lastWords(guest)}`)
    await gdb.clearBreakpoint(address)
  }
  const refused = guest.agent.jump()
  await Promise.race([stopAt(jump), failed(refused)])
  await dump('jump')
  await stopAt(early)
  await dump('early')
  await gdb.detach()
  return true
}

/** Without symbols: the last message before the jump, and the first one of the next kernel. */
async function stopByConsole(guest: Guest, dump: (moment: Moment) => Promise<void>): Promise<void> {
  const from = guest.console.lines.length
  const refused = guest.agent.jump()
  const moments: [RegExp, Moment][] = [
    [/kexec_core: Starting new kernel/, 'jump'],
    [/Linux version /, 'early'],
  ]
  for (const [pattern, moment] of moments) {
    const seen = await Promise.race([guest.console.waitFor(pattern, from), failed(refused)])
    if (seen === null) throw new GuestFailure(`the guest ended before it jumped: ${lastWords(guest)}`)
    await guest.qmp.execute('stop')
    await dump(moment)
    await guest.qmp.execute('cont')
  }
}

/** Never resolves; rejects where the jump was refused. */
async function failed(jump: ReturnType<Guest['agent']['jump']>): Promise<never> {
  const reply = await jump
  if (reply.ok || reply.errno === null) return new Promise<never>(() => {})
  throw new GuestFailure(`the guest does not jump: ${reply.message}`)
}

function lastWords(guest: Guest): string {
  return guest.console.lines.at(-1) ?? 'it said nothing'
}
