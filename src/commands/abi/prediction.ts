import type { Taker } from '../../abi/take-over.js'
import type { KhoState } from '../../image/state.js'
import type { CompatRow } from '../../rules/compat.js'
import { validateState } from '../../validate/validate.js'

/** What `kho validate` predicts of this very state, as a row. */
export function predictionRow(state: KhoState, { kernel }: Taker): CompatRow {
  const { outcome } = validateState(state, { reader: kernel.release })
  return {
    component: 'this state',
    writes: state.abi,
    reads: kernel.release,
    outcome: outcome.word,
    note: outcome.why.length === 0 ? '' : `for ${outcome.why.join(', ')}: kho validate explains`,
  }
}
