import { encodeSegment, type Segment } from '../../../formats/layout/index.js'
import { hex } from '../../../formats/memory/fault.js'
import type { KhoState } from '../../image/state.js'
import { isNotKnown, type LeafValue, type NotKnown } from '../../model/kind.js'
import { type Node, segmentOf } from '../../model/node.js'
import { resolve } from '../../model/resolve.js'
import { stateNode } from '../../model/state.js'
import type { TreeRow } from '../protocol.js'

/** Characters of a value that a row shows. */
const LONGEST = 120

/** What is directly below a path: `count` rows from the `from`th on. */
export function treeRows(state: KhoState, path: string, from: number, count: number): TreeRow[] {
  const node = path === '' ? stateNode(state) : resolve(state, path)
  const { view } = node
  if (view.form === 'one') {
    return Object.entries(view.thing.kind.fields)
      .filter(([, field]) => field.form === 'leaf' || field.hidden !== true || path === '')
      .slice(from, from + count)
      .flatMap(([name]) => rowOf(node, name))
  }
  if (view.form !== 'many' || isNotKnown(view.elements)) return []
  const { elements } = view
  const rows: TreeRow[] = []
  for (let n = from; n < Math.min(elements.length, from + count); n++) {
    rows.push(...rowOf(node, segmentOf(elements, n)))
  }
  return rows
}

function rowOf(parent: Node, segment: Segment): TreeRow[] {
  const node = parent.step(segment)
  if (node === null) return []
  const { view, path } = node
  const [first] = node.memory.extents
  return [
    {
      path,
      name: typeof segment === 'number' ? `#${segment}` : encodeSegment(segment),
      value: view.form === 'leaf' ? valueText(view.leaf.kind, view.value) : node.what,
      children: childCount(node),
      address: first?.start ?? null,
    },
  ]
}

function childCount({ view }: Node): number {
  if (view.form === 'one') return Object.keys(view.thing.kind.fields).length
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
