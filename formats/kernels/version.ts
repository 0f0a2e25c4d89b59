/** A release's number, as far as kernels differ by it. */
export interface Version {
  major: number
  minor: number
  patch: number
  /** A candidate: `-rc1`. */
  candidate: boolean
  /** The number as it was written, without what a distribution adds. */
  text: string
}

/** The number at the front of a release: `7.3.4+deb13-amd64` is 7.3.4, `7.4.0-rc1+` a candidate of 7.4. */
export function versionOf(release: string): Version | null {
  const match = /^v?(\d+)\.(\d+)(?:\.(\d+))?(-rc\d*)?/.exec(release)
  if (match === null) return null
  const [, major, minor, patch, candidate] = match
  return {
    major: Number(major),
    minor: Number(minor),
    patch: Number(patch ?? 0),
    candidate: candidate !== undefined,
    text: match[0].replace(/^v/, ''),
  }
}

/** Less than 0 where `a` is the older one. A candidate is older than its release. */
export function compareVersions(a: Version, b: Version): number {
  return (
    a.major - b.major || a.minor - b.minor || a.patch - b.patch || Number(b.candidate) - Number(a.candidate)
  )
}
