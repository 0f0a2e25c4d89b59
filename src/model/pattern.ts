import { KhoError } from '../../formats/error.js'
import { parsePath, type Segment } from '../../formats/layout/index.js'
import type { KhoState } from '../image/state.js'
import type { Kind } from './kind.js'
import { throughOf } from './kind-fields.js'
import type { Node } from './node.js'
import { stateNode } from './state.js'

/** Stands for any number of steps. */
const ANY_DEPTH = '**'

/** A step of a pattern: one that is as it is written, or what its written form must be like. */
type Step = { exact: Segment } | { like: RegExp } | 'any'

/** True for a path with stars. A name that has one is written `%2A`. */
export function isPattern(text: string): boolean {
  return text.includes('*')
}

/** Which of the parts that are like a pattern are wanted. */
export interface Wanted {
  keeps(part: Node): boolean
  /** False where no thing of a kind, and nothing below one, is wanted. */
  within(kind: Kind<unknown>): boolean
}

const ALL: Wanted = { keeps: () => true, within: () => true }

interface Search {
  wanted: Wanted
  found: Map<string, Node>
  /** Whether what lies inside a part that was found is not looked for. */
  outer: boolean
  /** What was come by with the same steps left: with several `**` there are many ways to one part; null with one at the most. */
  seen: Set<string> | null
  /** Whether anything is like the pattern, wanted or not. */
  any: boolean
}

/**
 * Parts of a state whose paths are like a pattern, in the order of the state, each once: `*` is any run of characters within a
 * step, `**` any number of steps. Values are left out, and what is not `wanted`.
 *
 * @throws KhoError `usage` for a pattern that is no path otherwise, and where nothing is like it
 */
export function matchParts(state: KhoState, pattern: string): Node[] {
  return search(state, pattern, ALL, false)
}

/**
 * The same without parts that lie inside another one of them.
 *
 * @throws KhoError as {@link matchParts}
 */
export function outerParts(state: KhoState, pattern: string, wanted: Wanted = ALL): Node[] {
  const parts = search(state, pattern, wanted, true)
  const paths = new Set(parts.map(({ path }) => path))
  return parts.filter(({ path }) => {
    if (path !== '/' && paths.has('/')) return false
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      if (paths.has(path.slice(0, end))) return false
    }
    return true
  })
}

function search(state: KhoState, pattern: string, wanted: Wanted, outer: boolean): Node[] {
  const text = pattern.startsWith('/') ? pattern.slice(1) : pattern
  // Two ** in a row are one: else every part would be come by in many ways.
  const steps = text
    .split('/')
    .filter((part, n, all) => part !== ANY_DEPTH || all[n - 1] !== ANY_DEPTH)
    .map(part => stepOf(part))
  const several = steps.filter(step => step === 'any').length > 1
  const looked: Search = { wanted, outer, found: new Map(), seen: several ? new Set() : null, any: false }
  collect(stateNode(state), steps, looked)
  if (looked.any) return [...looked.found.values()]
  throw new KhoError('usage', `nothing in the state is like ${pattern}`, { path: pattern })
}

function stepOf(part: string): Step {
  if (part === ANY_DEPTH) return 'any'
  if (!isPattern(part)) return { exact: parsePath(`/${part}`)[0] as Segment }
  const literal = part.split(/\*+/).map(piece => piece.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return { like: new RegExp(`^${literal.join('.*')}$`) }
}

function collect(node: Node, steps: readonly Step[], search: Search): void {
  const { found, seen, wanted } = search
  if (seen !== null) {
    const key = `${steps.length} ${node.path}`
    if (seen.has(key)) return
    seen.add(key)
  }
  const [step, ...rest] = steps
  if (step === undefined) {
    search.any = true
    if (wanted.keeps(node)) found.set(node.path, node)
  } else if (step === 'any') {
    collect(node, rest, search)
    const inside = search.outer && found.has(node.path)
    if (inside && node.path === '/') return
    for (const child of childrenOf(node, wanted, inside)) collect(child, steps, search)
  } else if ('exact' in step) {
    const child = node.step(step.exact)
    if (child !== null) collect(child, rest, search)
  } else {
    for (const child of childrenOf(node, ALL, false)) {
      if (step.like.test(lastStep(child.path))) collect(child, rest, search)
    }
  }
}

function lastStep(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/**
 * What lies directly below, with what paths may leave out left out; of lists, only those in which something may be wanted. With
 * `elsewhere` no lists but those whose elements have paths of their own.
 */
function* childrenOf(node: Node, wanted: Wanted, elsewhere: boolean): Generator<Node> {
  const { view } = node
  if (view.form === 'many' && !('form' in view.many.of) && !wanted.within(view.many.of)) return
  if (view.form !== 'one' || node.path === '/') {
    yield* node.below()
    return
  }
  const { fields } = view.thing.kind
  for (const [name, child] of node.branches()) {
    const field = fields[name]!
    if (field.form === 'leaf' || field.hidden === true) continue
    if (elsewhere && field.form === 'many' && field.home === undefined) continue
    if (throughOf(field) === undefined) yield child
    else yield* childrenOf(child, wanted, elsewhere)
  }
}
