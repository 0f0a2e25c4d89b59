import { handlersOf } from '../../../formats/kernels/index.js'
import { hex } from '../../../formats/memory/fault.js'
import { ADDRESS_LIMIT } from '../../../formats/memory/geometry.js'
import { blockFinder } from '../../model/block-finder.js'
import type { Occurrence, RuleContext } from '../rule.js'
import { canTellUnpreserved, filesOf, isWithoutSessions, kernelName, luoOf } from './context.js'
import { dangling } from './dangling.js'

/** Files whose handler the reader does not have, one occurrence for each handler. */
export function* checkLuoHandlers({ state, kernel }: RuleContext): Generator<Occurrence> {
  if (kernel.users.luo === null) return
  const unknown = new Map<string, { path: string; address: number; count: number }>()
  for (const { compatible, path, extent } of filesOf(state)) {
    if (compatible === '' || handlersOf(kernel).includes(compatible)) continue
    const seen = unknown.get(compatible)
    if (seen === undefined) unknown.set(compatible, { path, address: extent.start, count: 1 })
    else seen.count++
  }
  for (const [compatible, place] of unknown) {
    const message = `No registered handler for compatible '${compatible}' in ${kernelName(kernel)} itself`
    const own = compatible.startsWith('memfd-') ? ({ severity: 'error', effect: 'reported' } as const) : {}
    yield { message, ...place, ...own }
  }
}

/** FLB objects of a known kind, and another version. */
export function* checkLuoFlbNames({ state }: RuleContext): Generator<Occurrence> {
  const stem = (name: string) => name.replace(/-?v[0-9]+$/, '')
  for (const { name, path, extent } of luoOf(state)?.flbs?.entries ?? []) {
    if (state.layouts.find('flbs', name) !== null) continue
    const known = state.layouts.names('flbs').find(other => stem(other) === stem(name))
    if (known === undefined) continue
    const message = `FLB object '${name}' is of another version than '${known}': not absent, but not understood`
    yield { message, path, address: extent.start }
  }
}

/** Structures of LUO's that are not preserved. */
export function* checkLuoPreserved(context: RuleContext): Generator<Occurrence> {
  yield* dangling(context, 'luo')
  if (!canTellUnpreserved(context)) return
  const orderAt = blockFinder(context.state.tracker.decode.pages)
  for (const { compatible, data, memfd, path } of filesOf(context.state)) {
    const address = Number(data)
    // Where the dump lacks the structure nothing claims it; its page can be looked up all the same.
    if (memfd !== null || !compatible.startsWith('memfd-v') || address === 0 || address >= ADDRESS_LIMIT)
      continue
    if (orderAt(address) >= 0) continue
    yield { message: `handle ${hex(address)} of ${path} is no preserved block`, path, address }
  }
}

/** A LUO without sessions. */
export function* checkLuoSerialised({ state }: RuleContext): Generator<Occurrence> {
  const luo = luoOf(state)
  if (luo === null || !isWithoutSessions(luo)) return
  const message = 'no sessions: there are none, or reboot(KEXEC) had not come when the dump was taken'
  yield { message, path: 'luo', address: luo.extent.start }
}
