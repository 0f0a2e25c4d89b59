import type { KhoState } from '../image/state.js'
import type { ClaimGroup, ClaimWalk } from './claim.js'
import type { Field, Kind, Many } from './kind.js'
import type { Node } from './node.js'
import { stateNode } from './state.js'

/**
 * Every extent that a structure of the state says is its own, in the order of the state. Lazy: lists of folios are
 * read when their turn comes. No claim lies within another one's structure: a session's record is part of its block.
 */
export function* claims(state: KhoState): Generator<ClaimGroup> {
  const walk: ClaimWalk = { state, folios: mostFolios(state), seen: new Set(), again: MOST_AGAIN }
  const stack: Level[] = [
    { nodes: iteratorOf(stateNode(state)), again: false, list: false, holder: undefined },
  ]
  for (let level = stack.at(-1); level !== undefined; level = stack.at(-1)) {
    const step = level.again && walk.again <= 0 ? END : level.nodes.next()
    if (step.done === true) {
      stack.pop()
      continue
    }
    const node = step.value
    const holder = level.list ? holderOf(node, level.holder) : level.holder
    for (const group of ownClaims(node, walk)) {
      if (level.again) walk.again -= group.count
      if (holder !== undefined) group.holder = holder
      yield group
    }
    const below = belowOf(node, walk)
    if (below === null || (below === 'again' && walk.again <= 0)) continue
    const again = level.again || below === 'again'
    stack.push({ nodes: iteratorOf(node), again, list: node.view.form === 'many', holder })
  }
}

/** The element of a list itself, where it owns memory that is compared as one. */
function holderOf({ view }: Node, outer: unknown): unknown {
  return view.form === 'one' && view.thing.kind.item !== undefined ? view.thing.self : outer
}

/** Where the walk is, on one level. */
interface Level {
  nodes: Iterator<Node>
  /** Parts of a thing that it has come to before, by another path. */
  again: boolean
  /** They are the elements of a list. */
  list: boolean
  /** The element of a list that they are below. */
  holder: unknown
}

const END = { done: true, value: undefined } as const

function iteratorOf(node: Node): Iterator<Node> {
  const only = node.view.form === 'one' ? claimingFields(node.view.thing.kind) : undefined
  return node.below(only)[Symbol.iterator]()
}

/**
 * Claims of parts of things that several paths lead to, such as a memfd that is the handle of several files. Who is one of
 * two owners is told; past so many, a dump that costs its writer 64 bytes for each of them costs the reader no list for each.
 */
export const MOST_AGAIN = 2 ** 16

/**
 * Entries of lists of folios that are looked at together, so that lists that share their pages cost no more than the image. A
 * folio costs 16 bytes of a list; compressed dumps hold more than they are long.
 */
export function mostFolios({ image }: KhoState): number {
  return image.memory.inputSize / 4 + 2 ** 20
}

/** What a thing or a list claims itself. */
function ownClaims({ view, path }: Node, walk: ClaimWalk): Iterable<ClaimGroup> {
  if (view.form === 'one') return view.thing.kind.claims?.(view.thing.self, walk, path) ?? []
  return view.form === 'many' ? (view.many.claims?.(view.owner, walk, path) ?? []) : []
}

/** Whether something below it claims memory, and whether that was all said before; null where nothing does. */
function belowOf({ view }: Node, walk: ClaimWalk): 'first' | 'again' | null {
  if (view.form === 'many') {
    const { many } = view
    return many.claimsAll === true || !listClaims(many) ? null : 'first'
  }
  if (view.form !== 'one') return null
  const { kind, self } = view.thing
  if (kind.claimsAll === true || !claimsBelow(kind)) return null
  if (walk.seen.has(self)) return 'again'
  walk.seen.add(self)
  return 'first'
}

const known = new WeakMap<Kind<unknown>, boolean>()

/** True where anything below a thing of a kind can claim memory: most kinds are only looked at. */
function claimsBelow(kind: Kind<unknown>): boolean {
  let found = known.get(kind)
  if (found !== undefined) return found
  // A kind that is part of itself claims no more than its other parts do.
  known.set(kind, false)
  found = Object.values(kind.fields).some(fieldClaims)
  known.set(kind, found)
  return found
}

function fieldClaims(field: Field<unknown>): boolean {
  if (field.form === 'one') return field.kinds.some(inner => inner.claims !== undefined || claimsBelow(inner))
  return field.form === 'many' && (field.claims !== undefined || listClaims(field))
}

const claiming = new WeakMap<Kind<unknown>, ReadonlySet<string>>()

/** The fields of a kind in which anything can claim memory: of 200,000 sessions nothing else need be looked at. */
function claimingFields(kind: Kind<unknown>): ReadonlySet<string> {
  let names = claiming.get(kind)
  if (names === undefined) {
    names = new Set(
      Object.keys(kind.fields).filter(name => {
        const field = kind.fields[name]!
        return fieldClaims(field) || (field.form === 'one' && field.open === true)
      }),
    )
    claiming.set(kind, names)
  }
  return names
}

function listClaims({ of }: Many<unknown>): boolean {
  return !('form' in of) && (of.claims !== undefined || claimsBelow(of))
}
