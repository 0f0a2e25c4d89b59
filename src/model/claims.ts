import type { KhoState } from '../image/state.js'
import type { ClaimGroup, ClaimWalk } from './claim.js'
import type { Kind, Many } from './kind.js'
import type { Node } from './node.js'
import { stateNode } from './state.js'

/**
 * Every extent that a structure of the state says is its own, in the order of the state. Lazy: lists of folios are
 * read when their turn comes. No claim lies within another one's structure: a session's record is part of its block.
 */
export function* claims(state: KhoState): Generator<ClaimGroup> {
  const walk: ClaimWalk = { state, folios: mostFolios(state), seen: new Set(), again: MOST_AGAIN }
  for (const node of stateNode(state).below()) yield* claimsOf(node, walk)
}

/**
 * Claims of parts of things that several paths lead to, such as a memfd that is the handle of several files. Who is one of
 * two owners is told; past so many, a dump that costs its writer 64 bytes for each of them costs the reader no list for each.
 */
const MOST_AGAIN = 2 ** 16

/**
 * Entries of lists of folios that are looked at together, so that lists that share their pages cost no more than the image. A
 * folio costs 16 bytes of a list; compressed dumps hold more than they are long.
 */
export function mostFolios({ image }: KhoState): number {
  return image.memory.inputSize / 4 + 2 ** 20
}

function* claimsOf(node: Node, walk: ClaimWalk): Generator<ClaimGroup> {
  const { view } = node
  if (view.form === 'one') {
    const { kind, self } = view.thing
    if (kind.claims !== undefined) yield* kind.claims(self, walk, node.path)
    if (kind.claimsAll === true || !claimsBelow(kind)) return
    if (walk.seen.has(self)) {
      yield* claimsAgain(node, walk)
      return
    }
    walk.seen.add(self)
  } else if (view.form === 'many') {
    const { many } = view
    if (many.claims !== undefined) yield* many.claims(view.owner, walk, node.path)
    if (many.claimsAll === true || !listClaims(many)) return
  }
  for (const below of node.below()) yield* claimsOf(below, walk)
}

function* claimsAgain(node: Node, walk: ClaimWalk): Generator<ClaimGroup> {
  for (const below of node.below()) {
    if (walk.again <= 0) return
    for (const group of claimsOf(below, walk)) {
      walk.again -= group.count
      yield group
    }
  }
}

const known = new WeakMap<Kind<unknown>, boolean>()

/** True where anything below a thing of a kind can claim memory: most kinds are only looked at. */
function claimsBelow(kind: Kind<unknown>): boolean {
  let found = known.get(kind)
  if (found !== undefined) return found
  // A kind that is part of itself claims no more than its other parts do.
  known.set(kind, false)
  found = Object.values(kind.fields).some(field => {
    if (field.form === 'one')
      return field.kinds.some(inner => inner.claims !== undefined || claimsBelow(inner))
    return field.form === 'many' && (field.claims !== undefined || listClaims(field))
  })
  known.set(kind, found)
  return found
}

function listClaims({ of }: Many<unknown>): boolean {
  return !('form' in of) && (of.claims !== undefined || claimsBelow(of))
}
