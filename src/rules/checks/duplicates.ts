import { hex } from '../../../formats/memory/fault.js'
import type { KhoState } from '../../image/state.js'
import { toldPaths } from '../../model/described-index.js'
import { forEachDuplicate, ownersOf } from '../../owners/algebra.js'
import { type Ownership, ownershipOf } from '../../owners/ownership.js'
import type { Occurrence, RuleContext } from '../rule.js'
import { filesOf } from './context.js'

/** Pieces that are looked at one by one, and findings that come of them. Past that many, one more says nothing new. */
const MOST_PIECES = 20_000
const MOST_FOUND = 1000

/** Memory that two structures hold on to. */
export function* checkDuplicateOwners({ state }: RuleContext): Generator<Occurrence> {
  const ownership = ownershipOf(state)
  const twice = sharedFiles(state)
  const isTold = toldPaths(state)
  const found: Occurrence[] = []
  let pieces = 0
  forEachDuplicate(ownership, (start, end, owners) => {
    // Structures without an address are not owners of page 0.
    if (start === 0) return true
    if (++pieces > MOST_PIECES) return false
    const paths = ownersOf(ownership, start, end)
    if (areToldAlready(paths, twice)) return true
    const whole = sharesBytes(ownership, start, end)
    // Several structures of one user may lie in one page of his.
    if (!whole && paths.every(isTold)) return true
    const others = paths.length > 2 ? ` and ${owners - 2} more` : ''
    const message = `${hex(start)}-${hex(end)} is both ${paths[0]} and ${paths[1]}${others}`
    const mild = whole ? {} : ({ severity: 'warning' } as const)
    found.push({ message, path: paths[0]!, address: start, ...mild })
    return found.length < MOST_FOUND
  })
  yield* found
}

/** Paths of files whose handle an earlier file has too: all that they own is owned twice, and that is told once. */
function sharedFiles(state: KhoState): Set<string> {
  const seen = new Set<bigint>()
  const twice = new Set<string>()
  for (const { data, path, memfd } of filesOf(state)) {
    if (memfd !== null && seen.has(data)) twice.add(path)
    seen.add(data)
  }
  return twice
}

/** One list that names a page twice is a fault of that list; so is a handle that two files have. */
function areToldAlready([one, ...others]: readonly string[], twice: ReadonlySet<string>): boolean {
  if (one === undefined || others.length === 0 || twice.has(fileOf(one))) return true
  const list = listOf(one)
  return others.every(other => twice.has(fileOf(other)) || listOf(other) === list)
}

/** The list that an element is of, such as a folio; of all else the path itself. */
function listOf(path: string): string {
  return path.replace(/\/(folios|runs|chunks)\/[^/]*$/, '/$1')
}

const FILES = '/files/'

/** The file that a path leads to or through; empty where it does not. */
function fileOf(path: string): string {
  const at = path.lastIndexOf(FILES)
  if (at < 0) return ''
  const name = at + FILES.length
  const end = path.indexOf('/', name)
  return end < 0 ? path : path.slice(0, end)
}

/** False where claims only lie in one page, and not on each other. */
function sharesBytes(ownership: Ownership, start: number, end: number): boolean {
  const claims = ownership
    .find(start, end, 64)
    .filter(id => ownership.isPreserved(id))
    .map(id => ownership.claim(id))
    .sort((a, b) => a.start - b.start)
  let furthest = 0
  for (const claim of claims) {
    if (claim.start < furthest) return true
    furthest = Math.max(furthest, claim.end)
  }
  return false
}
