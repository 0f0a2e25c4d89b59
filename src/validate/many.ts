import type { ReadingKernel } from '../../formats/kernels/index.js'
import { READING_KERNELS } from '../../formats/kernels/index.js'
import type { KhoState } from '../image/state.js'
import { doingsOf } from '../kernel/reader/choose.js'
import { toFindings } from './collect.js'
import { judgeState } from './judge-state.js'
import { knownIn, traceFindings } from './map-findings.js'
import { sharedOccurrences } from './source.js'
import type { Outcome } from './verdict.js'

/**
 * What kernels make of a state, as `validateState` has it, for whoever asks of many: what is the same for all of them is
 * looked for once, and those that do the same are followed once.
 */
export function outcomesOf(state: KhoState): (kernel: ReadingKernel) => Pick<Outcome, 'word' | 'why'> {
  const source = sharedOccurrences(state)
  const known = new Map<string, Outcome>()
  return kernel => {
    const doings = doingsOf(kernel)
    const outcome = known.get(doings) ?? judgeState(state, kernel, {}, source).outcome
    known.set(doings, outcome)
    return outcome
  }
}

/** Reads all of a state that `validateState` reads, whichever kernel it is told. */
export function readForKernels(state: KhoState): void {
  const source = sharedOccurrences(state)
  const kernels = [...new Map(READING_KERNELS.map(kernel => [doingsOf(kernel), kernel])).values()]
  const { memory } = state.image
  for (const kernel of kernels) {
    const { trace, booted } = judgeState(state, kernel, {}, source)
    const isBooted = knownIn(booted, trace)
    const isKnown = (rule: string, path: string | null) => source.has(rule, path) || isBooted(rule, path)
    // A finding's place is looked up in the dump.
    toFindings([...source.own(), ...booted, ...traceFindings(trace, isKnown, kernel)], memory, false)
  }
  if (kernels[0] !== undefined) toFindings(source.shared(kernels[0]), memory, false)
}
