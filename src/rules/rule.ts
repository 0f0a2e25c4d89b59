import type { ReadingKernel } from '../../formats/kernels/index.js'
import type { KhoState } from '../image/state.js'

/** How bad a finding is. `info` is never the state's fault: it says what the dump lacks, or what is assumed. */
export type Severity = (typeof SEVERITIES)[number]

/** Every {@link Severity}, worst first. */
export const SEVERITIES = ['error', 'warning', 'info'] as const

/**
 * What a reading kernel makes of it:
 *
 * - `rejected`: it drops the whole hand-over and boots without KHO
 * - `oops`, `loop`: it does not come up
 * - `reported`: a part is lost, with a message or an error to whoever asks
 * - `silent`: it takes something over that was not meant, and says nothing
 * - `none`: nothing
 */
export type Effect = (typeof EFFECTS)[number]

/** Every {@link Effect}. */
export const EFFECTS = ['rejected', 'oops', 'loop', 'reported', 'silent', 'none'] as const

/** What a rule is about. */
export type Family =
  | 'dump'
  | 'root'
  | 'handoff'
  | 'scratch'
  | 'chunk-list'
  | 'radix-tree'
  | 'page-table'
  | 'early-trackers'
  | 'map'
  | 'blob'
  | 'memblock'
  | 'vmalloc'
  | 'luo'
  | 'memfd'
  | 'systemd'
  | 'kho-test'
  | 'kexec-metadata'
  | 'layout'

/** Something that a rule found, once. */
export interface Occurrence {
  message: string
  path?: string | null
  /** Physical address. */
  address?: number | null
  /** Where this occurrence is worse or milder than the rule in general. */
  severity?: Severity
  effect?: Effect
  /** How many of the same kind stand behind this one; 1 where not given. */
  count?: number
}

/** What a predicate is given. */
export interface RuleContext {
  state: KhoState
  /** The kernel that is to read the state. */
  kernel: ReadingKernel
  /** RAM of the machine, where it is known whole; null where the dump tells only of the pages in it. */
  ram: readonly { start: number; end: number }[] | null
  /** The reading kernel's command line; null where it is not known. */
  cmdline: string | null
  /** True where absent memory is to be taken as zero. */
  absentIsZero: boolean
}

/** One entry of the catalogue. */
export interface Rule {
  /** Stable id: `RADIX-SHARED-NODE`. Also the code of the decoders' faults that it explains. */
  id: string
  family: Family
  severity: Severity
  /** One line: what must hold. */
  title: string
  /** For a person: what is wrong when it does not, how that comes about, what to do. */
  explanation: string
  /** Releases and layouts to which it applies, in words. */
  applies: string
  /** What the reading kernel does, with its own message in quotes where it has one. */
  kernel: string
  /** Where in the kernel that is, with the release. */
  source: string
  /** What it comes to for a given kernel, and place (a path); a plain word where all are alike. */
  effect: Effect | ((kernel: ReadingKernel, path?: string | null) => Effect)
  /** Finds occurrences that no decoder notices. Rules without one live from faults alone. */
  check?: (context: RuleContext) => Iterable<Occurrence>
  /** Upstream bugs that an image of this kind comes from: subject of the fix, and its commit. */
  bugs?: readonly string[]
}
