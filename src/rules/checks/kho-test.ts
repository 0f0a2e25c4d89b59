import { checkKhoTestSum, type KhoTest } from '../../../formats/blobs/index.js'
import { hex } from '../../../formats/memory/fault.js'
import type { KhoState } from '../../image/state.js'
import { blockFinder } from '../../model/block-finder.js'
import type { Occurrence, RuleContext } from '../rule.js'
import { canTellUnpreserved, plural } from './context.js'

function* testsOf(state: KhoState): Generator<{ test: KhoTest; path: string }> {
  for (const { value, path } of state.blobs()) if (value?.kind === 'kho-test') yield { test: value, path }
}

/** Folios that are not preserved, or with another order than the list says. */
export function* checkTestFolios(context: RuleContext): Generator<Occurrence> {
  const { state } = context
  if (!canTellUnpreserved(context)) return
  const orderAt = blockFinder(state.tracker.decode.pages)
  for (const { test, path } of testsOf(state)) {
    const { address, order, count } = test.folios
    let wrong = 0
    let first = -1
    for (let n = 0; n < count; n++) {
      const start = address[n] as number
      if (start === 0 || orderAt(start) === order[n]) continue
      if (wrong++ === 0) first = n
    }
    if (wrong === 0) continue
    const start = address[first] as number
    const found = orderAt(start)
    const how = found < 0 ? 'is not preserved' : `is preserved with order ${found}`
    const message = `${plural(wrong, 'folio')} of kho_test not as listed, first ${hex(start)} of order ${order[first]}, which ${how}`
    yield { message, path, address: start, count: wrong }
  }
}

/** Contents that are not those that were summed. */
export function* checkTestSum({ state }: RuleContext): Generator<Occurrence> {
  for (const { test, path } of testsOf(state)) {
    if (checkKhoTestSum(state.image.memory, test, state.geometry) !== 'different') continue
    yield { message: 'the contents of the folios do not give the sum in the FDT', path }
  }
}
