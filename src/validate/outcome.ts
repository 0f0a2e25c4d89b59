import type { ReadingKernel } from '../../formats/kernels/index.js'
import type { Effect, Family } from '../rules/rule.js'
import type { Found } from './collect.js'
import type { EarlyBoot } from './early-boot.js'
import type { Outcome, OutcomeWord } from './verdict.js'

/** Effects, worst first, and the word that each comes to. */
const WORDS: readonly [Effect, OutcomeWord][] = [
  ['rejected', 'rejected'],
  ['oops', 'oops'],
  ['loop', 'loop'],
  ['reported', 'error-reported'],
  ['silent', 'accepted-different'],
]

/** Families whose findings early boot has already had its say on: its own way through them is what counts. */
const BOOTED: ReadonlySet<Family> = new Set<Family>([
  'root',
  'handoff',
  'chunk-list',
  'radix-tree',
  'page-table',
  'early-trackers',
])

/**
 * The prediction. What early boot does is followed step by step, so it decides; past it the effects of what the rules
 * found do. Without early boot (a tracker that is no longer there) nothing is known.
 */
export function judge(boot: EarlyBoot | null, found: readonly Found[], reader: ReadingKernel): Outcome {
  const kernel = reader.release
  const assumptions = [
    ...(reader.assumption === null ? [] : [reader.assumption]),
    ...(boot?.assumptions ?? []),
  ]
  if (boot === null) return { word: 'unknown', kernel, why: ['TRACKER-STALE'], assumptions }
  if (boot.end !== 'done') return { word: boot.end, kernel, why: causes(boot, found), assumptions }
  for (const [effect, word] of WORDS) {
    const leading = found.filter(entry => entry.effect === effect && counts(entry, boot))
    if (leading.length > 0) return { word, kernel, why: ids(leading), assumptions }
  }
  return { word: 'ok', kernel, why: [], assumptions }
}

function counts(entry: Found, boot: EarlyBoot): boolean {
  if (boot.events.some(event => event.rule === entry.rule.id)) return true
  // What no kernel notices on its way through is not contradicted by its having come through.
  return entry.effect === 'silent' || !BOOTED.has(entry.rule.family) || entry.rule.id.startsWith('READER-')
}

/** The step that ended it, then the faults of the structure it was in. */
function causes(boot: EarlyBoot, found: readonly Found[]): string[] {
  const direct = boot.cause === null ? [] : [boot.cause.rule]
  if (boot.end !== 'oops' && boot.end !== 'loop') return direct
  const tracker = found.filter(entry => entry.severity === 'error' && BOOTED.has(entry.rule.family))
  return [...new Set([...direct, ...ids(tracker)])]
}

function ids(found: readonly Found[]): string[] {
  return [...new Set(found.map(entry => entry.rule.id))]
}
