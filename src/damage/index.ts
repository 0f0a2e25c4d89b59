import { isKhoError, KhoError } from '../../formats/error.js'
import type { KhoState } from '../image/state.js'
import type { ScenarioRun } from '../kernel/run-scenario.js'
import type { Overlay } from '../write/overlay.js'
import { blobDamages } from './blobs.js'
import { chunkDamages } from './chunks.js'
import type { Damage, DamageTable } from './damage.js'
import { handoffDamages } from './handoff.js'
import { khoArrayDamages } from './kho-array.js'
import { khoTestDamages } from './kho-test.js'
import { luoDamages } from './luo.js'
import { luoFileDamages } from './luo-files.js'
import { mapDamages } from './map.js'
import { memDamages } from './mem-array.js'
import { memblockDamages } from './memblock.js'
import { memfdDamages } from './memfd.js'
import { postedDamages } from './posted.js'
import { radixDamages } from './radix.js'
import { rootDamages } from './root.js'
import { createTarget } from './run-target.js'
import { createStateTarget } from './state-target.js'
import { systemdDamages } from './systemd.js'
import { tableDamages } from './tables.js'
import type { Decoded } from './target.js'
import { unpreservedDamages } from './unpreserved.js'
import { vmallocDamages } from './vmalloc.js'

export type { DamageTable, DamageTarget } from './damage.js'
export { whyNoDamage } from './without.js'

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
  ...unpreservedDamages,
  ...postedDamages,
}

/**
 * Breaks a run's memory in the way that a rule describes; gives one line that says what was done.
 *
 * @throws KhoError `usage` for a rule without a damage, `cannot-express` where the state has no such structure
 */
export function applyDamage(run: ScenarioRun, rule: string, seed = 1): string {
  const { apply } = damageNamed(rule)
  return `${rule}: ${apply(createTarget(run, seed))}`
}

/** A way to break a state, and what decides the rest. */
export interface DamageChoice {
  rule: string
  seed: number
}

/** A dump's memory with a state in it broken. */
export interface DamagedMemory extends Overlay {
  /** What was done, a line for each damage. */
  done: string[]
}

/**
 * Breaks a dump's state. The dump itself is not changed.
 *
 * @throws KhoError `usage` for a rule without a damage, `cannot-express` where the state has no such structure
 */
export function damageState(state: KhoState, choices: readonly DamageChoice[]): DamagedMemory {
  const damages = choices.map(({ rule, seed }) => ({ seed, damage: damageNamed(rule) }))
  const { target, result } = createStateTarget(state, choices[0]?.seed ?? 1)
  const done = damages.map(({ seed, damage }) => damage.apply(target(seed)))
  return { ...result(), done }
}

/** Whether a rule can be shown on a state. */
export interface DamageOffer {
  rule: string
  about: string
  /** Why not; null where it can. */
  reason: string | null
}

/** Every damage, tried on a state. */
export function damagesOf(state: KhoState): DamageOffer[] {
  const decoded: Decoded = { blobs: state.blobs() }
  return Object.entries(DAMAGES).map(([rule, { about }]) => ({
    rule,
    about,
    reason: whyNot(state, rule, decoded),
  }))
}

function whyNot(state: KhoState, rule: string, decoded: Decoded): string | null {
  try {
    damageNamed(rule).apply(createStateTarget(state, 1, decoded).target(1))
    return null
  } catch (error) {
    if (isKhoError(error)) return error.message
    throw error
  }
}

function damageNamed(rule: string): Damage {
  const damage = Object.hasOwn(DAMAGES, rule) ? DAMAGES[rule] : undefined
  if (damage !== undefined) return damage
  throw new KhoError('usage', `there is no damage for ${rule}`, {
    hint: `known are ${Object.keys(DAMAGES).join(', ')}`,
  })
}
