import { appendPath, elementSegments } from '../../formats/layout/index.js'
import { hex } from '../../formats/memory/fault.js'
import type { KhoState } from '../image/state.js'
import {
  type Field,
  holdsItems,
  type ItemField,
  type ItemTraits,
  isNotKnown,
  type Kind,
  type Leaf,
  type LeafValue,
  type One,
  type Thing,
} from '../model/kind.js'
import { throughOf } from '../model/kind-fields.js'
import type { Node } from '../model/node.js'
import { stateNode } from '../model/state.js'
import { createItem, type Item } from './item.js'

/** Everything that owns preserved memory in a state, in the order of the state. Paths are unique. */
export function itemsOf(state: KhoState): Item[] {
  const items: Item[] = []
  for (const node of stateNode(state).below()) collect(state, node, null, null, items)
  const seen = new Set<string>()
  return items.filter(item => {
    if (seen.has(item.key)) return false
    seen.add(item.key)
    return true
  })
}

/** Adds what a node is, and the items below it. `key` is what stands for its path in the other state. */
function collect(state: KhoState, node: Node, key: string | null, owner: Item | null, items: Item[]): void {
  const { view, path } = node
  if (view.form === 'many') {
    if ('form' in view.many.of || !holdsItems(view.many.of)) return
    const below = [...node.below()]
    const keys = elementSegments(below.map(keyOf))
    below.forEach((element, n) => {
      const own = keyOf(element) === null ? null : appendPath(path, keys[n]!)
      collect(state, element, own, owner, items)
    })
  } else if (view.form === 'one' && view.thing.kind.item !== undefined) {
    const parts = wholeOf(state, view.thing)
    const item = itemFrom(state, node, parts)
    if (key !== null) item.key = key
    item.parent = owner?.key ?? null
    items.push(item)
    // What files share comes before the files.
    const lists = [...listsOf(node)].sort((a, b) => Number(holdsShared(b)) - Number(holdsShared(a)))
    for (const below of lists) collect(state, below, null, item, items)
  }
}

function holdsShared({ view }: Node): boolean {
  return view.form === 'many' && !('form' in view.many.of) && view.many.of.item?.kind === 'flb'
}

/** Of elements that have names, but whose paths are numbers. */
function keyOf({ view }: Node): string | null {
  return view.form === 'one' ? (view.thing.kind.item?.key?.(view.thing.self) ?? null) : null
}

/** What is compared of the things of a kind: their fields by what they are to a comparison, listed once. */
interface Compared {
  leaves: readonly (readonly [string, Leaf<unknown>])[]
  /** What a path may leave out: it is one with the thing. */
  parts: readonly One<unknown>[]
  /** Names of the fields below which there may be items. */
  lists: ReadonlySet<string>
}

const compared = new WeakMap<Kind<unknown>, Compared>()

function comparedOf(kind: Kind<unknown>): Compared {
  let found = compared.get(kind)
  if (found === undefined) {
    const fields = Object.entries(kind.fields)
    const isLeaf = (entry: [string, Field<unknown>]): entry is [string, Leaf<unknown>] =>
      entry[1].form === 'leaf' && (entry[1].change !== undefined || entry[1].changeOf !== undefined)
    const lists = fields.filter(([, field]) =>
      field.form === 'many' ? !('form' in field.of) && holdsItems(field.of) : throughOf(field) !== undefined,
    )
    found = {
      leaves: fields.filter(isLeaf),
      parts: fields.flatMap(([, field]) =>
        field.form === 'one' && field.through !== undefined ? [field] : [],
      ),
      lists: new Set(lists.map(([name]) => name)),
    }
    compared.set(kind, found)
  }
  return found
}

/** A thing, and what a path may leave out of it: those are one. */
function wholeOf(state: KhoState, thing: Thing): Thing[] {
  const parts = [thing]
  for (const field of comparedOf(thing.kind).parts) {
    const inner = field.get(thing.self, state)
    if (inner !== null && !isNotKnown(inner)) parts.push(...wholeOf(state, inner))
  }
  return parts
}

/** The lists of a thing, and of what a path may leave out of it, in which there may be items. */
function* listsOf(node: Node): Generator<Node> {
  if (node.view.form !== 'one') return
  for (const below of node.below(comparedOf(node.view.thing.kind).lists)) {
    if (below.view.form === 'many') yield below
    else yield* listsOf(below)
  }
}

function itemFrom(state: KhoState, node: Node, parts: readonly Thing[]): Item {
  const item = createItem(parts[0]!.kind.item!.kind, node.path, node.what)
  for (const { kind, self } of parts) {
    item.fields = item.fields.concat(fieldsOf(state, { kind, self }))
    const traits: ItemTraits<unknown> | undefined = kind.item
    if (traits === undefined) continue
    item.fields = item.fields.concat(traits.fields?.(self, state) ?? [])
    if (traits.text !== undefined) item.text = traits.text(self, state)
    item.size = traits.size?.(self, state) ?? item.size
    item.content = traits.content?.(self, state) ?? item.content
    const { folioFlags } = traits
    if (folioFlags !== undefined) item.folioFlags = () => folioFlags.call(traits, self, state)
  }
  return item
}

function fieldsOf(state: KhoState, { kind, self }: Thing): ItemField[] {
  return comparedOf(kind).leaves.flatMap(([name, field]) => {
    const change = field.changeOf === undefined ? (field.change ?? null) : field.changeOf(self)
    if (change === null) return []
    const value = field.get(self, state)
    return [{ name, value: isNotKnown(value) ? null : valueText(field, value), class: change }]
  })
}

function valueText({ kind }: Leaf<unknown>, value: LeafValue): string | null {
  if (value === null || value instanceof Uint8Array) return null
  const numeric = typeof value === 'number' || typeof value === 'bigint'
  return numeric && (kind === 'address' || kind === 'opaque') ? hex(value) : String(value)
}
