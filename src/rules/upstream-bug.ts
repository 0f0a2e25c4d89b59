import { type KernelName, type KernelRange, since } from '../../formats/kernels/index.js'

/** A bug that KHO, LUO or memfd preservation really had, and what an image shows of it. */
export interface UpstreamBug {
  /** Subject of the fix or of the report, shortened, in own words where it has none. */
  title: string
  /** Commit of the fix, or where it was reported. */
  reference: string
  /** Kernels that have the bug; null where it differs from case to case. */
  kernels: KernelRange | null
  /** The same in words, with candidates of releases; `~` where only derived. */
  releases: string
  /**
   * `full`: an image with the damage shows it. `part`: it takes something beside the image. `guard`: no bug, but
   * something that looks like one. `no`: nothing of it is handed over.
   */
  visible: 'full' | 'part' | 'guard' | 'no'
  /** Rules that catch what an image shows of it. Of a guard: those that must keep quiet. */
  rules: readonly string[]
  /** What else it takes, for bugs that are visible in part. */
  needs?: string
  /** Kernel that reads the bad image, where the newest one does not mind. */
  reader?: KernelName
}

/** Who has a bug. */
type Affected = Pick<UpstreamBug, 'kernels' | 'releases'>

/** A bug that an image shows in full. */
export function bug(
  title: string,
  reference: string,
  who: KernelRange | Affected,
  rules: readonly string[],
): UpstreamBug {
  return { title, reference, ...affected(who), visible: 'full', rules }
}

/** A bug that takes something beside the image. */
export function part(
  title: string,
  reference: string,
  who: KernelRange | Affected,
  rules: readonly string[],
  needs: string,
): UpstreamBug {
  return { title, reference, ...affected(who), visible: 'part', rules, needs }
}

/** No bug, but something that looks like one. */
export function guard(title: string, reference: string, rules: readonly string[]): UpstreamBug {
  return { title, reference, ...affected(since('6.16')), visible: 'guard', rules }
}

/** A bug that leaves nothing in what is handed over. */
export function unseen(title: string, reference: string): UpstreamBug {
  return { title, reference, kernels: null, releases: 'various', visible: 'no', rules: [] }
}

function affected(who: KernelRange | Affected): Affected {
  return 'text' in who ? { kernels: who, releases: who.text } : who
}

/** Derived, not seen. */
export function likely(who: KernelRange | Affected): Affected {
  const { kernels, releases: text } = affected(who)
  return { kernels, releases: `${text} ~` }
}

/** Releases, and candidates of the next one. */
export function also(kernels: KernelRange, candidate: string): Affected {
  return { kernels, releases: `${kernels.text}, ${candidate}` }
}

/** Candidates only: fixed before the release. */
export function candidates(text: string): Affected {
  return { kernels: null, releases: text }
}
