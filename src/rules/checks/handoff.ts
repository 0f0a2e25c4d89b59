import { readScratchArray } from '../../../formats/handoff/scratch.js'
import { type Handover, readSetupData } from '../../../formats/handoff/setup-data.js'
import { abiOf } from '../../../formats/kernels/index.js'
import { hex } from '../../../formats/memory/fault.js'
import type { KhoState } from '../../image/state.js'
import type { Occurrence, RuleContext } from '../rule.js'

/** The x86 records that name this root. */
function recordsOf(state: KhoState): Handover[] {
  return state.root.evidence.flatMap(evidence => {
    if (evidence.kind !== 'setup-data' || evidence.address === null) return []
    return readSetupData(state.image.memory, evidence.address) ?? []
  })
}

/** Records that give the root FDT less room than it says it has; or, which does no harm, another length than a page. */
export function* checkHandoffSize({ state }: RuleContext): Generator<Occurrence> {
  const { totalsize } = state.fdt.header
  const { pageSize } = state.geometry
  for (const { address, fdtSize } of recordsOf(state)) {
    const odd = abiOf(state.abi).fdtPreserved && fdtSize !== pageSize
    if (fdtSize >= totalsize && !odd) continue
    const message = `the record at ${hex(address)} says ${fdtSize} bytes, the root FDT has ${totalsize} in a page of ${pageSize}`
    const mild = fdtSize < totalsize ? {} : ({ severity: 'warning', effect: 'none' } as const)
    yield { message, path: 'handoff', address, ...mild }
  }
}

/** Scratch arrays that are in place, and lie in none of their areas. */
export function* checkScratchArrayPlace({ state }: RuleContext): Generator<Occurrence> {
  const { pageSize } = state.geometry
  for (const { scratchAddress: start, scratchSize } of recordsOf(state)) {
    const { areas } = readScratchArray(state.image.memory, start, scratchSize)
    if (areas === null || areas.every(area => area.size === 0)) continue
    const end = start + scratchSize
    // Garbage is no array: before the jump its place still holds something else.
    if (
      areas.some(
        area => area.start % pageSize !== 0 || area.size % pageSize !== 0 || area.start + area.size > 2 ** 46,
      )
    )
      continue
    if (areas.some(area => start >= area.start && end <= area.start + area.size)) continue
    const message = `the scratch array at ${hex(start)} lies in none of its ${areas.length} areas`
    yield { message, path: 'handoff/scratch', address: start }
  }
}
