import { encodeSegment } from '../../../formats/layout/index.js'
import { hex } from '../../../formats/memory/fault.js'
import type { KhoState } from '../../image/state.js'
import { isNotKnown, type LeafValue, type NotKnown } from '../../model/kind.js'
import { throughOf } from '../../model/kind-fields.js'
import type { Node } from '../../model/node.js'
import { resolve } from '../../model/resolve.js'
import { segmentOf } from '../../model/segments.js'
import { stateNode } from '../../model/state.js'
import type { TreeRow } from '../protocol.js'

/** Characters of a value that a row shows. */
const LONGEST = 120

/** What is directly below a path: `count` rows from the `from`th on. */
export function treeRows(state: KhoState, path: string, from: number, count: number): TreeRow[] {
  if (path === '') {
    // Blobs stand beside what is KHO's own, by the names that paths begin with.
    return [...stateNode(state).below()].slice(from, from + count).map(node => rowOf(node.path, node))
  }
  const node = resolve(state, path)
  const { view } = node
  if (view.form === 'one') {
    return [...parts(node)].slice(from, from + count).map(([name, part]) => rowOf(name, part))
  }
  if (view.form !== 'many' || isNotKnown(view.elements)) return []
  const { elements } = view
  const rows: TreeRow[] = []
  for (let n = from; n < Math.min(elements.length, from + count); n++) {
    const segment = segmentOf(elements, n)
    const element = node.step(segment)
    const name = typeof segment === 'number' ? `#${segment}` : encodeSegment(segment)
    if (element !== null) rows.push(rowOf(name, element))
  }
  return rows
}

/** Fields of a thing; a thing whose name paths may leave out is left out here, and its fields are the outer one's. */
function* parts(node: Node): Generator<[string, Node]> {
  if (node.view.form !== 'one') return
  for (const [name, field] of Object.entries(node.view.thing.kind.fields)) {
    if (field.form !== 'leaf' && field.hidden === true) continue
    const part = node.step(name)
    if (part === null) continue
    if (throughOf(field) === 'all' && part.view.form === 'one') yield* parts(part)
    else yield [encodeSegment(name), part]
  }
}

function rowOf(name: string, node: Node): TreeRow {
  const [first] = node.memory.extents
  const children = childCount(node)
  return { path: node.path, name, value: lineOf(node, children), children, address: first?.start ?? null }
}

function lineOf({ view, what }: Node, children: number): string {
  if (view.form === 'leaf') return valueText(view.leaf.kind, view.value)
  if (view.form !== 'many') return what
  return isNotKnown(view.elements) ? 'not known' : `(${children})`
}

function childCount(node: Node): number {
  const { view } = node
  if (view.form === 'one') return [...parts(node)].length
  return view.form === 'many' && !isNotKnown(view.elements) ? view.elements.length : 0
}

function valueText(kind: string, value: LeafValue | NotKnown): string {
  if (value === null || isNotKnown(value)) return 'not known'
  if (value instanceof Uint8Array)
    return Array.from(value.subarray(0, 32), byte => byte.toString(16).padStart(2, '0')).join(' ')
  if ((kind === 'address' || kind === 'opaque') && typeof value !== 'boolean' && typeof value !== 'string') {
    return hex(value)
  }
  return String(value).slice(0, LONGEST)
}
