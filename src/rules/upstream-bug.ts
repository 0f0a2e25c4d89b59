/** A bug that KHO, LUO or memfd preservation really had, and what an image shows of it. */
export interface UpstreamBug {
  /** Subject of the fix or of the report, shortened, in own words where it has none. */
  title: string
  /** Commit of the fix, or where it was reported. */
  reference: string
  /** Releases that have the bug; `~` where only derived. */
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
  /** Release that reads the bad image, where the newest one does not mind. */
  reader?: string
}

/** One that an image shows. */
export function bug(
  title: string,
  reference: string,
  releases: string,
  rules: readonly string[],
): UpstreamBug {
  return { title, reference, releases, visible: 'full', rules }
}

/** One of which an image shows a part. */
export function part(
  title: string,
  reference: string,
  releases: string,
  rules: readonly string[],
  needs: string,
): UpstreamBug {
  return { title, reference, releases, visible: 'part', rules, needs }
}

/** What is no bug, but looks like one. */
export function guard(title: string, reference: string, rules: readonly string[]): UpstreamBug {
  return { title, reference, releases: 'every release', visible: 'guard', rules }
}

/** One of which nothing is handed over. */
export function unseen(title: string, reference: string): UpstreamBug {
  return { title, reference, releases: 'various', visible: 'no', rules: [] }
}
