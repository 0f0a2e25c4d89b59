import type { Taker } from '../../abi/take-over.js'
import type { KhoState } from '../../image/state.js'
import type { CompatRow } from '../../rules/compat.js'
import { outcomesOf } from '../../validate/many.js'

/** What `kho validate` predicts of this very state, as a row for each kernel. */
export function predictionRows(state: KhoState): (taker: Taker) => CompatRow {
  const outcomeFor = outcomesOf(state)
  return ({ kernel }) => {
    const { word, why } = outcomeFor(kernel)
    return {
      component: 'this state',
      writes: state.abi,
      reads: kernel.release,
      outcome: word,
      note: why.length === 0 ? '' : `for ${why.join(', ')}: kho validate explains`,
    }
  }
}
