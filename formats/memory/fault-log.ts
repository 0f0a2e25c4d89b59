import { type Absence, type Fault, fault } from './fault.js'

/** Keeps a fault of a code that is known already. */
type AddFault = (message: string, address?: number | null, path?: string | null, absent?: Absence) => void

/** Collects faults, so that a broken image with millions of them costs no more than one with a few. */
export interface FaultLog {
  add(code: string, ...fault: Parameters<AddFault>): void
  /**
   * `add` for a code, or null where no more of it are kept: then it has counted one, and nobody need word it.
   * `log.of(code)?.(message)` makes the message of those alone that somebody will read.
   */
  of(code: string): AddFault | null
  /** The first faults of each code; the last kept one of a code carries in `more` how many were left out. */
  list(): Fault[]
}

/** A log that keeps the first `perCode` faults of each code and counts the rest. */
export function createFaultLog(perCode = 100): FaultLog {
  const kept: Fault[] = []
  const byCode = new Map<string, { count: number; last: Fault }>()
  const of: FaultLog['of'] = code => {
    const seen = byCode.get(code)
    if (seen !== undefined && seen.count >= perCode) {
      seen.last.more = (seen.last.more ?? 0) + 1
      return null
    }
    return (message, address = null, path = null, absent) => {
      const made = fault(code, message, address, path, absent)
      kept.push(made)
      byCode.set(code, { count: (seen?.count ?? 0) + 1, last: made })
    }
  }
  return {
    of,
    add: (code, ...made) => of(code)?.(...made),
    list: () => kept,
  }
}
