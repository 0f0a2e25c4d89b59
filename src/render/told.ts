import { MOST_AGAIN } from '../model/claims.js'

/**
 * What was written of a state. Several paths may lead to one thing, such as a memfd that is the handle of several files: one
 * more costs a dump 64 bytes, and its list of folios is as long as it likes.
 */
export interface Told {
  /** Things that were come to, by their kind or list. */
  readonly seen: Map<object, Set<unknown>>
  /** Elements of lists of such things that may still be written once more. */
  left: number
}

/** Nothing yet. */
export function createTold(): Told {
  return { seen: new Map(), left: MOST_AGAIN }
}

/** Notes a thing of a kind, or the owner of a list; true where it was come to before. */
export function isTold({ seen }: Told, kind: object, self: unknown): boolean {
  let things = seen.get(kind)
  if (things === undefined) {
    things = new Set()
    seen.set(kind, things)
  }
  if (things.has(self)) return true
  things.add(self)
  return false
}

/** True where a list that was written before may be written once more. */
export function mayRepeat(told: Told, elements: number): boolean {
  told.left -= elements
  return told.left >= 0
}

/** Why a list is left out. */
export const TOLD_BEFORE = 'written already, at the first path that leads to it'
