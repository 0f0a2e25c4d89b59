import type { Reading } from '../kernel/reader/read-state.js'
import type { Effect, Family } from '../rules/rule.js'
import type { Found } from './collect.js'
import type { Outcome, OutcomeWord } from './verdict.js'

/** What is known to happen, and the word that it comes to, worst first. */
const WORDS: readonly [Effect, OutcomeWord][] = [
  ['rejected', 'rejected'],
  ['oops', 'oops'],
  ['loop', 'loop'],
  ['reported', 'error-reported'],
  ['silent', 'accepted-different'],
]

/** Effects that nothing which is still unknown can make worse. */
const HARD: ReadonlySet<Effect> = new Set<Effect>(['rejected', 'oops', 'loop'])

/** Families whose findings early boot has already had its say on: its own way through them is what counts. */
const BOOTED: ReadonlySet<Family> = new Set<Family>([
  'root',
  'handoff',
  'chunk-list',
  'radix-tree',
  'page-table',
  'early-trackers',
])

/** Rules on what a kernel's users do, which are followed: what came of it there is what counts. */
const FOLLOWED: ReadonlySet<string> = new Set([
  'LUO-FILE-COUNT',
  'LUO-FLB-COUNT',
  'LUO-SESSION-COUNT',
  'LUO-TOKEN-DUPLICATE',
  'MEMFD-ADDRESS',
  'MEMFD-POSITION',
  'MEMFD-SIZE',
])

/** What following a kernel came to, as far as the outcome needs it. */
export type Followed = Pick<Reading, 'boot' | 'trace' | 'assumptions'>

/**
 * The prediction. The kernel is followed step by step, so what it does decides; beside that count the effects of rules on
 * what no kernel notices. Without early boot (a tracker that is no longer there) nothing is known, and bytes that a kernel
 * looks at and the dump lacks leave open what they decide.
 */
export function judge(
  reading: Followed | null,
  found: readonly Found[],
  { release, assumptions }: { release: string; assumptions: readonly string[] },
): Outcome {
  const base = { kernel: release, assumptions: [...(reading?.assumptions ?? []), ...assumptions] }
  if (reading === null) return { word: 'unknown', why: ['TRACKER-STALE'], ...base }
  const { boot, trace } = reading
  if (boot.end !== 'done') return { word: boot.end, why: causes(reading, found), ...base }
  const happens = [
    ...boot.events.map(({ rule }) => ({ rule, effect: 'reported' as Effect })),
    ...(trace?.events ?? []),
    ...found.filter(entry => counts(entry, reading)).map(({ rule, effect }) => ({ rule: rule.id, effect })),
  ]
  const unknown = (trace?.needs.length ?? 0) > 0
  for (const [effect, word] of WORDS) {
    const why = [...new Set(happens.filter(event => event.effect === effect).map(({ rule }) => rule))]
    if (why.length === 0) continue
    if (unknown && !HARD.has(effect)) return { word: 'unknown', why: ['READER-UNKNOWN', ...why], ...base }
    return { word, why, ...base }
  }
  return unknown ? { word: 'unknown', why: ['READER-UNKNOWN'], ...base } : { word: 'ok', why: [], ...base }
}

/** True where a rule knows of something that following the kernel does not show. */
function counts({ rule, effect, path }: Found, { trace }: Followed): boolean {
  if (effect === 'none') return false
  // Users of the early series are not followed: their rules say what comes of it.
  if (trace === null) return effect === 'silent' || !BOOTED.has(rule.family) || rule.id.startsWith('READER-')
  if (effect !== 'silent' || FOLLOWED.has(rule.id)) return false
  // Blobs of the kernel's own users were read; those of modules nobody has followed.
  return rule.id !== 'BLOB-ADDRESS' || path?.startsWith('blobs/') === true
}

/** The step that ended it, then the faults of the structure it was in. */
function causes({ boot }: Followed, found: readonly Found[]): string[] {
  const direct = boot.cause === null ? [] : [boot.cause.rule]
  if (boot.end !== 'oops' && boot.end !== 'loop') return direct
  const tracker = found.filter(entry => entry.severity === 'error' && BOOTED.has(entry.rule.family))
  return [...new Set([...direct, ...tracker.map(entry => entry.rule.id)])]
}
