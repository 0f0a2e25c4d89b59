import type { Occurrence, RuleContext } from '../rule.js'
import { dangling } from './dangling.js'

/** Memory that a layout leads to, and that is not preserved. */
export function* checkDescribedPreserved(context: RuleContext): Generator<Occurrence> {
  yield* dangling(context, 'layout')
}
