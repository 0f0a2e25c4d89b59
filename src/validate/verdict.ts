import type { Severity } from '../rules/rule.js'

/** What a reading kernel makes of a state. CLI.md: the words are stable. */
export type OutcomeWord = (typeof OUTCOME_WORDS)[number]

/** Every {@link OutcomeWord}. */
export const OUTCOME_WORDS = [
  'ok',
  'rejected',
  'oops',
  'loop',
  'error-reported',
  'accepted-different',
  'unknown',
] as const

/** The prediction for one reading kernel. */
export interface Outcome {
  word: OutcomeWord
  /** The release that reads. */
  kernel: string
  /** Ids of the rules that lead there, worst first; empty for `ok`. */
  why: string[]
  /** What was taken for granted, in words. */
  assumptions: string[]
}

/** Something that is wrong, odd, or not known. */
export interface Finding {
  rule: string
  severity: Severity
  message: string
  path: string | null
  /** Physical address. */
  address: number | null
  /** Offset in the dump file, where the address has one. */
  offset: number | null
  /** How many of the same root cause stand behind it. */
  count: number
}

/** On how much of the state a verdict rests. */
export interface Coverage {
  /** Pages that the tracker is made of: read, and known of but not in the dump. */
  trackerNodes: number
  trackerNodesAbsent: number
  /** Blobs: decoded, and not in the dump. */
  blobs: number
  blobsAbsent: number
  /** Whether the scratch areas, and all of RAM, are known. */
  scratchKnown: boolean
  ramKnown: boolean
}

/** All that `validate` says of a state. */
export interface Validation {
  outcome: Outcome
  coverage: Coverage
  /** Worst first; one a root cause. */
  findings: Finding[]
}
