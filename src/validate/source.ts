import type { ReadingKernel } from '../../formats/kernels/index.js'
import type { KhoState } from '../image/state.js'
import { type Done, nothingDone } from '../kernel/reader/done.js'
import { RULES } from '../rules/catalogue.js'
import type { Occurrence, Rule, RuleContext } from '../rules/rule.js'
import { type Found, foundBy, occurrenceOf, rootCause } from './collect.js'
import { faultsOf } from './faults.js'

/** Where what is found in a state comes from. */
export interface FindingSource {
  /** What decoders noticed. */
  faults(kernel: ReadingKernel): Found[]
  /** What rules find, in the order of the catalogue. */
  rules(context: RuleContext): Found[]
  /** What kernels have done before, where there are several. */
  done?: Done
}

/** Every occurrence by itself, for one kernel. */
export function everyOccurrence(state: KhoState): FindingSource {
  return {
    faults: kernel => faultsOf(state).map(fault => foundOf(occurrenceOf(fault), kernel)),
    rules: context =>
      RULES.flatMap(rule =>
        rule.check === undefined
          ? []
          : [...rule.check(context)].map(found => foundBy(rule, found, context.kernel)),
      ),
  }
}

/** The same for many kernels, of which it is asked what comes of it: what is found for all of them is found once. */
export interface SharedSource extends FindingSource {
  /** All that was found without a look at the kernel. */
  shared(kernel: ReadingKernel): Found[]
  /** What was found for the kernel that was asked of last, and for it alone. */
  own(): Found[]
  /** True where a rule was found in the structure of a path, for any kernel. */
  has(rule: string, path: string | null): boolean
}

interface Entry {
  rule: Rule
  occurrence: Occurrence
}

/**
 * A source that gives of each kind one occurrence, because a state may have a hundred thousand of a kind. A rule that
 * does not ask for the kernel finds the same for each.
 */
export function sharedOccurrences(state: KhoState): SharedSource {
  const faults = faultsOf(state).map(occurrenceOf)
  const kindsOfFaults = oneOfEach(faults)
  const same = new Map<Rule, { all: Entry[]; kinds: Entry[] }>()
  const causes = new Map<string, Set<string>>()
  let own: Found[] = []
  const everything = () => [...faults, ...[...same.values()].flatMap(({ all }) => all)]

  /** What a rule finds, and whether that is for this kernel alone. */
  const check = (rule: Rule, { kernel, ...context }: RuleContext): Found[] => {
    const known = same.get(rule)
    if (known !== undefined) return known.kinds.map(entry => foundOf(entry, kernel))
    let asked = false
    const watched: RuleContext = {
      ...context,
      get kernel() {
        asked = true
        return kernel
      },
    }
    const all = [...(rule.check?.(watched) ?? [])].map(occurrence => ({ rule, occurrence }))
    const kinds = oneOfEach(all)
    if (asked) own.push(...all.map(entry => foundOf(entry, kernel)))
    else same.set(rule, { all, kinds })
    return kinds.map(entry => foundOf(entry, kernel))
  }

  return {
    done: nothingDone(),
    faults: kernel => kindsOfFaults.map(entry => foundOf(entry, kernel)),
    rules(context) {
      own = []
      return RULES.flatMap(rule => (rule.check === undefined ? [] : check(rule, context)))
    },
    shared: kernel => everything().map(entry => foundOf(entry, kernel)),
    own: () => own,
    has(rule, path) {
      let known = causes.get(rule)
      if (known === undefined) {
        known = new Set()
        for (const entry of everything())
          if (entry.rule.id === rule) known.add(rootCause(entry.occurrence.path ?? null))
        causes.set(rule, known)
      }
      return (
        known.has(rootCause(path)) ||
        own.some(found => found.rule.id === rule && rootCause(found.path) === rootCause(path))
      )
    },
  }
}

function foundOf({ rule, occurrence }: Entry, kernel: ReadingKernel): Found {
  return foundBy(rule, occurrence, kernel)
}

/** The first of each kind: of those that are alike in all that decides what a kernel makes of them. */
function oneOfEach(entries: readonly Entry[]): Entry[] {
  const kept: Entry[] = []
  const rules = new Map<Rule, Set<string>>()
  for (const entry of entries) {
    const { rule, occurrence } = entry
    let kinds = rules.get(rule)
    if (kinds === undefined) {
      kinds = new Set()
      rules.set(rule, kinds)
    }
    const { severity = '', effect = '', path = '' } = occurrence
    // The place matters to effects that take it, and to whether a blob is of the kernel's own users.
    const takesPlace = typeof rule.effect === 'function' && rule.effect.length > 1
    const place = takesPlace ? path : path?.startsWith('blobs/') === true
    const kind = `${severity} ${effect} ${place}`
    if (kinds.has(kind)) continue
    kinds.add(kind)
    kept.push(entry)
  }
  return kept
}
