import { KhoError } from '../../formats/error.js'
import { encodeSegment, joinPath, parsePath, type Segment } from '../../formats/layout/index.js'
import { didYouMean } from '../../formats/layout/nearest.js'
import { rangeAt } from '../../formats/memory/range.js'
import type { KhoState } from '../image/state.js'
import { type Node, textNode } from './node.js'
import { allFaults, stateNode } from './state.js'

/**
 * What a path names in a state, in the grammar of docs/cli.md: a key or `#N` for an element of a list.
 *
 * @throws KhoError `no-part` where there is no such part; the hint names those that there are
 */
export function resolve(state: KhoState, path: string): Node {
  return createResolver(state)(path)
}

/** {@link resolve} for many paths: what one has in common with the one before it is not walked again. */
export function createResolver(state: KhoState): (path: string) => Node {
  const nodes = [stateNode(state)]
  let known: readonly Segment[] = []
  return path => {
    const segments = parsePath(path)
    let n = 0
    while (n < segments.length && n + 1 < nodes.length && segments[n] === known[n]) n++
    nodes.length = n + 1
    known = segments
    for (; n < segments.length; n++) {
      const node = nodes[n]!
      const next = node.step(segments[n]!)
      if (next === null) return faultNode(state, segments) ?? refuse(node, segments.slice(0, n), segments[n]!)
      nodes.push(next)
    }
    return nodes[n]!
  }
}

/** Names that an error shows. */
const SHOWN = 12
const FEW = 3

/** What a fault names, though nothing of it could be read: a page that the dump lacks, or a pointer to nowhere. */
function faultNode(state: KhoState, segments: readonly Segment[]): Node | null {
  const path = joinPath(segments)
  const found = allFaults(state).find(fault => fault.path === path)
  if (found === undefined) return null
  const { address, message } = found
  return textNode(path, message, address === null ? [] : [rangeAt(address, state.geometry.pageSize)])
}

function refuse(node: Node, at: readonly Segment[], segment: Segment): never {
  const where = at.length === 0 ? 'the state' : joinPath(at)
  const known = node.names()
  const name = encodeSegment(segment)
  const near = didYouMean(name, known)
  const has = known.length === 0 ? `${where} has no parts` : `${where} has ${listed(known)}`
  // A short list is read as fast as what was meant by it.
  const hint = near === undefined || known.length <= FEW ? has : `${near} ${has}`
  throw new KhoError('no-part', `there is no ${name} in ${where}`, { hint })
}

/** The first few of some names, and how many more there are. */
function listed(names: readonly string[]): string {
  const more = names.length - SHOWN
  const shown = names.slice(0, more > 1 ? SHOWN : names.length).join(', ')
  return more > 1 ? `${shown} and ${more} more` : shown
}

/** Refuses a part that has no bytes of its own. */
export function noBytes(node: Node): KhoError {
  const { path, what, view } = node
  const below = view.form === 'many' ? 'name one of its elements' : `it has ${listed(node.names())}`
  const hint = view.form === 'leaf' || view.form === 'nothing' ? {} : { hint: below }
  return new KhoError('usage', `${path} (${what}) has no bytes of its own`, hint)
}
