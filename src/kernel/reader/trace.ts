import type { Effect } from '../../rules/rule.js'
import { Halt } from './memory.js'

/** Something that happens in a reading kernel because of what it was handed. */
export interface ReaderEvent {
  /** The rule that explains it. */
  rule: string
  effect: Exclude<Effect, 'rejected'>
  message: string
  path: string | null
  /** Physical address. */
  address: number | null
}

/** Bytes that a reading kernel looks at and the dump lacks. */
export interface Need {
  /** Physical address of the first one. */
  address: number | null
  /** What is missing, and what it decides. */
  message: string
  path: string | null
}

/** What following a reading kernel past early boot came to. */
export interface Trace {
  events: ReaderEvent[]
  needs: Need[]
  assumptions: Set<string>
}

/** A kernel that has met nothing yet. */
export function createTrace(): Trace {
  return { events: [], needs: [], assumptions: new Set() }
}

/** What a step of a kernel's is about, for whoever asks what it broke on. */
export interface Step {
  /** The rule that explains a fault in it. */
  rule: string
  path: string | null
  /** What the bytes decide, as the end of "… decides". */
  decides: string
}

/** Runs a step. False where the kernel faults in it, or the dump lacks what it looks at: both are noted. */
export function attempt(trace: Trace, step: Step, run: () => void): boolean {
  try {
    run()
    return true
  } catch (error) {
    if (!(error instanceof Halt)) throw error
    const { kind, message, address } = error.stop
    const { rule, path, decides } = step
    if (kind !== 'unknown') {
      trace.events.push({ rule, effect: kind, message: `${message}: ${decides}`, path, address })
    } else {
      const at = address === null ? 'memory' : `0x${address.toString(16)}`
      trace.needs.push({ address, message: `${at} is not in the dump: it decides ${decides}`, path })
    }
    return false
  }
}
