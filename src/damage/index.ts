import { KhoError } from '../../formats/error.js'
import type { ScenarioRun } from '../kernel/run-scenario.js'
import { blobDamages } from './blobs.js'
import { chunkDamages } from './chunks.js'
import type { DamageTable } from './damage.js'
import { handoffDamages } from './handoff.js'
import { khoArrayDamages } from './kho-array.js'
import { khoTestDamages } from './kho-test.js'
import { luoDamages } from './luo.js'
import { luoFileDamages } from './luo-files.js'
import { mapDamages } from './map.js'
import { memDamages } from './mem-array.js'
import { memblockDamages } from './memblock.js'
import { memfdDamages } from './memfd.js'
import { radixDamages } from './radix.js'
import { rootDamages } from './root.js'
import { systemdDamages } from './systemd.js'
import { tableDamages } from './tables.js'
import { createTarget } from './target.js'
import { vmallocDamages } from './vmalloc.js'

export type { DamageTable, DamageTarget } from './damage.js'

/** Every way to break a state, by the id of the rule that finds it. A family of rules is one file and one line here. */
export const DAMAGES: DamageTable = {
  ...rootDamages,
  ...chunkDamages,
  ...radixDamages,
  ...tableDamages,
  ...khoArrayDamages,
  ...memDamages,
  ...mapDamages,
  ...handoffDamages,
  ...blobDamages,
  ...memblockDamages,
  ...khoTestDamages,
  ...vmallocDamages,
  ...luoDamages,
  ...luoFileDamages,
  ...memfdDamages,
  ...systemdDamages,
}

/**
 * Breaks a run's memory in the way that a rule describes; gives one line that says what was done.
 *
 * @throws KhoError `usage` for a rule without a damage, `cannot-express` where the state has no such structure
 */
export function applyDamage(run: ScenarioRun, rule: string, seed = 1): string {
  const damage = Object.hasOwn(DAMAGES, rule) ? DAMAGES[rule] : undefined
  if (damage === undefined) {
    throw new KhoError('usage', `there is no damage for ${rule}`, {
      hint: `known are ${Object.keys(DAMAGES).join(', ')}`,
    })
  }
  return `${rule}: ${damage.apply(createTarget(run, seed))}`
}
