import type { ScenarioRun } from '../kernel/run-scenario.js'
import type { DamageTarget } from './damage.js'
import { cannotBreak, makeTarget } from './target.js'

/** A target over a run's memory. Throws `cannot-express` where the run has no root FDT yet. */
export function createTarget(run: ScenarioRun, seed: number): DamageTarget {
  const { builder, root, kho, handover, moment, scenario } = run
  if (root === null) throw cannotBreak('root FDT')
  const { arch, ram, scratch } = scenario.machine
  const inPlace = handover !== null && moment === 'early'
  const memory = builder.memory()
  return makeTarget(
    {
      machine: {
        ram,
        scratch: scratch.filter(({ size }) => size > 0),
        records: handover !== null && arch === 'x86_64' ? [handover.record] : [],
        scratchArray: inPlace ? { address: handover.scratchArray, size: handover.scratchBytes } : null,
      },
      abi: kho.kernel.layout,
      root,
      builder,
      memory: () => memory,
      pages: (address, count) => builder.place(address, count).bytes,
      remove: (address, count) => builder.free(address, count),
    },
    seed,
  )
}
