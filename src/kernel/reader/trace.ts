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
  /** How often it happened; once where left out. */
  count?: number
}

/** Bytes that a reading kernel looks at and the dump lacks. */
export interface Need {
  /** Physical address of the first one. */
  address: number | null
  /** What is missing, and what it decides. */
  message: string
  path: string | null
  /** How many such; one where left out. */
  count?: number
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

/** Events of one rule and one effect, and needs, that are kept one by one; the last of them counts the rest. */
const MOST_KEPT = 1000

interface Kept {
  count: number
  last: { count?: number }
}

/** What is kept of a trace, by effect and rule; needs are of no effect. */
const kept = new WeakMap<Trace, Map<string, Map<string, Kept>>>()

function keptOf(trace: Trace, effect: string): Map<string, Kept> {
  let effects = kept.get(trace)
  if (effects === undefined) {
    effects = new Map()
    kept.set(trace, effects)
  }
  let rules = effects.get(effect)
  if (rules === undefined) {
    rules = new Map()
    effects.set(effect, rules)
  }
  return rules
}

/** False, after it was counted, for one of very many: a list may have a hundred thousand files that all fail alike. */
function hasRoom(trace: Trace, effect: string, rule: string): boolean {
  const seen = keptOf(trace, effect).get(rule)
  if (seen === undefined || seen.count < MOST_KEPT) return true
  seen.last.count = (seen.last.count ?? 1) + 1
  return false
}

function keep(trace: Trace, effect: string, rule: string, entry: { count?: number }): void {
  const rules = keptOf(trace, effect)
  rules.set(rule, { count: (rules.get(rule)?.count ?? 0) + 1, last: entry })
}

/** Notes that something happens. */
export function addEvent(trace: Trace, event: ReaderEvent): void {
  if (!hasRoom(trace, event.effect, event.rule)) return
  keep(trace, event.effect, event.rule, event)
  trace.events.push(event)
}

const NEED = 'need'

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
      addEvent(trace, { rule, effect: kind, message: `${message}: ${decides}`, path, address })
    } else if (hasRoom(trace, NEED, NEED)) {
      const at = address === null ? 'memory' : `0x${address.toString(16)}`
      const need: Need = { address, message: `${at} is not in the dump: it decides ${decides}`, path }
      keep(trace, NEED, NEED, need)
      trace.needs.push(need)
    }
    return false
  }
}
