import { type Abi, KERNELS, type Kernel, type KernelName, RELEASES } from './table.js'
import { versionOf } from './version.js'

/** Some of the kernels of the table. Kept as data, so that what is said of them follows the table. */
export interface KernelRange {
  kernels: readonly KernelName[]
  /** `since 6.19`, `7.1 to 7.2`, `6.16 to 6.17.8`, `since 7.1, kho-v2`. */
  text: string
}

/** Every release from the first one on, those to come included. */
export function since(first: KernelName): KernelRange {
  return rangeOf(RELEASES.slice(indexOf(first)))
}

/** Every release from the first to the last one, both included. */
export function releases(first: KernelName, last: KernelName = first): KernelRange {
  return rangeOf(RELEASES.slice(indexOf(first), indexOf(last) + 1))
}

/** Every kernel, postings included, of which something is true. */
export function kernelsWith(has: (kernel: Kernel) => boolean): KernelRange {
  return rangeOf(KERNELS.filter(has))
}

/** Every release of which something is true. */
export function releasesWith(has: (kernel: Kernel) => boolean): KernelRange {
  return rangeOf(RELEASES.filter(has))
}

/** The kernels of those names. */
export function rangeOfNames(names: readonly KernelName[]): KernelRange {
  return kernelsWith(({ name }) => names.includes(name))
}

/** True where a kernel is one of a range. */
export function inRange({ kernels }: KernelRange, { name }: Kernel): boolean {
  return kernels.includes(name)
}

/** Who writes a layout: releases as a range, or the posting in words. */
export function writersOf({ name }: Abi): string {
  const writers = KERNELS.filter(({ layout }) => layout.name === name)
  const posted = writers.flatMap(({ posting }) => (posting === null ? [] : [posting]))
  return posted.length > 0 ? posted.join('; ') : rangeOf(writers).text
}

function indexOf(name: KernelName): number {
  return RELEASES.findIndex(kernel => kernel.name === name)
}

function rangeOf(kernels: readonly Kernel[]): KernelRange {
  const names = kernels.map(({ name }) => name)
  const runs = runsOf(RELEASES.map(({ name }) => names.includes(name)))
  const posted = kernels.filter(({ posting }) => posting !== null).map(({ name }) => name)
  const text = [...runs.map(([from, to]) => runText(from, to)), ...posted].join(', ')
  return { kernels: names, text: text === '' ? 'none' : text }
}

/** First and last index of each run of trues. */
function runsOf(flags: readonly boolean[]): [number, number][] {
  const runs: [number, number][] = []
  flags.forEach((flag, n) => {
    if (!flag) return
    const last = runs.at(-1)
    if (last !== undefined && last[1] === n - 1) last[1] = n
    else runs.push([n, n])
  })
  return runs
}

function runText(from: number, to: number): string {
  const first = RELEASES[from]!.name
  if (to === RELEASES.length - 1) return `since ${first}`
  const last = lastText(to)
  if (last === first) return first
  // From a point release to the end of its own series.
  return first.startsWith(`${last}.`) ? `${last} from ${first}` : `${first} to ${last}`
}

/** The last release that is like a row: its series, or the one before the point release at which the next row begins. */
function lastText(at: number): string {
  const { major, minor } = versionOf(RELEASES[at]!.name)!
  const next = versionOf(RELEASES[at + 1]!.name)!
  if (next.major !== major || next.minor !== minor) return `${major}.${minor}`
  return `${major}.${minor}.${next.patch - 1}`
}
