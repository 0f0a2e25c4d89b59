import type { Occurrence, RuleContext } from '../rule.js'

/** What rules would have to know, and the dump does not say. */
export function* checkBlindSpots({ state, ram }: RuleContext): Generator<Occurrence> {
  // Where a record names an array that is not in place yet, the verdict says so as an assumption.
  if (state.scratch === null && state.scratchArray === null) {
    const message = `scratch areas are not known (${state.scratchReason}): rules on scratch hold back`
    yield { message, path: 'scratch' }
  }
  if (ram === null) {
    yield { message: 'the dump does not list all of RAM: rules on what lies outside of it hold back' }
  }
}
