import type { RawFdt } from '../../../formats/fdt/index.js'
import type { ReadingKernel } from '../../../formats/kernels/index.js'
import type { Geometry } from '../../../formats/memory/geometry.js'
import type { ReaderMemory } from './memory.js'
import type { Restorer } from './restore.js'
import { addEvent, attempt, type ReaderEvent, type Step, type Trace } from './trace.js'

/** A kernel past early boot, and what its users of KHO work with. */
export interface Running {
  memory: ReaderMemory
  kernel: ReadingKernel
  geometry: Geometry
  restorer: Restorer
  /** The root FDT, where the kernel has it. */
  root: RawFdt
  trace: Trace
  /** Early allocations may come from other memory than scratch. */
  extended: boolean
  /** Names of objects in a list of LUO's that nothing leads to. */
  strayFlbs(): string[]
  /** Files that user space has taken back. */
  taken: number
}

/** Notes that a part is lost, with a message or an error to whoever asks. */
export function report(
  running: Running,
  rule: string,
  message: string,
  path: string | null,
  address: number | null = null,
): void {
  note(running, { rule, effect: 'reported', message, path, address })
}

/** Notes that something comes out other than meant, without a word. */
export function silent(
  running: Running,
  rule: string,
  message: string,
  path: string | null,
  address: number | null = null,
): void {
  note(running, { rule, effect: 'silent', message, path, address })
}

function note({ trace }: Running, event: ReaderEvent): void {
  const { address } = event
  addEvent(trace, {
    ...event,
    address: address !== null && address >= 0 && address < 2 ** 52 ? address : null,
  })
}

/** A step of a running kernel's: see `attempt`. */
export function step(running: Running, what: Step, run: () => void): boolean {
  return attempt(running.trace, what, run)
}

/** kho_restore_free(): a WARN where the page was not preserved, or restored before. */
export function restoreFree(running: Running, address: number, rule: string, path: string | null): void {
  const restored = running.restorer.folio(address)
  if (!restored.ok) report(running, rule, `kho_restore_free() warns: ${restored.reason}`, path, address)
}
