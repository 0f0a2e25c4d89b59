import { appendPath, elementSegments } from '../../formats/layout/index.js'
import { hex } from '../../formats/memory/fault.js'
import type { KhoState } from '../image/state.js'
import {
  type Field,
  type FolioFlags,
  holdsItems,
  type ItemField,
  type ItemKind,
  type ItemTraits,
  isNotKnown,
  type Kind,
  type Leaf,
  type LeafValue,
  type Many,
  type One,
  type Thing,
} from '../model/kind.js'
import type { Node } from '../model/node.js'
import type { Content } from '../model/piece.js'
import { stateNode } from '../model/state.js'
import { NO_FRAMES } from './frames.js'
import type { Item } from './item.js'

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
  const { view } = node
  if (view.form === 'many') collectList(state, node, view.many, owner, items)
  else if (view.form === 'one' && view.thing.kind.item !== undefined) {
    const { thing } = view
    const item = stateItem(state, node.path, key, owner, wholeOf(state, thing))
    items.push(item)
    // Most files and regions have nothing below them.
    if (!hasLists(state, thing)) return
    // What files share comes before the files.
    const lists = [...listsOf(node)].sort((a, b) => Number(holdsShared(b)) - Number(holdsShared(a)))
    for (const below of lists) collect(state, below, null, item, items)
  }
}

function collectList(
  state: KhoState,
  list: Node,
  { of }: Many<unknown>,
  owner: Item | null,
  items: Item[],
): void {
  if ('form' in of || !holdsItems(of)) return
  if (of.item?.key === undefined) {
    for (const element of list.below()) collect(state, element, null, owner, items)
    return
  }
  const below = [...list.below()]
  const keys = elementSegments(below.map(keyOf))
  below.forEach((element, n) => {
    const own = keyOf(element) === null ? null : appendPath(list.path, keys[n]!)
    collect(state, element, own, owner, items)
  })
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

/** True where items may lie below a field. */
function leadsToItems(field: Field<unknown>): boolean {
  if (field.form === 'leaf') return false
  if (field.form === 'many') return !('form' in field.of) && holdsItems(field.of)
  if (field.through === undefined) return false
  return field.open === true || field.kinds.some(kind => Object.values(kind.fields).some(leadsToItems))
}

const compared = new WeakMap<Kind<unknown>, Compared>()

function comparedOf(kind: Kind<unknown>): Compared {
  let found = compared.get(kind)
  if (found === undefined) {
    const fields = Object.entries(kind.fields)
    const isLeaf = (entry: [string, Field<unknown>]): entry is [string, Leaf<unknown>] =>
      entry[1].form === 'leaf' && (entry[1].change !== undefined || entry[1].changeOf !== undefined)
    const lists = fields.filter(([, field]) => leadsToItems(field))
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

/** A thing, and what a path may leave out of it: those are one. An array that was pushed to has room for seventeen. */
function wholeOf(state: KhoState, thing: Thing): readonly Thing[] {
  let whole: readonly Thing[] = [thing]
  for (const field of comparedOf(thing.kind).parts) {
    const inner = field.get(thing.self, state)
    if (inner === null || isNotKnown(inner)) continue
    const more = wholeOf(state, inner)
    whole = whole.length === 1 && more.length === 1 ? [thing, more[0]!] : [...whole, ...more]
  }
  return whole
}

/** False for a thing that has none of the fields below which there may be items. */
function hasLists(state: KhoState, { kind, self }: Thing): boolean {
  for (const name of comparedOf(kind).lists) {
    const field = kind.fields[name]!
    if (field.form === 'many' || field.get(self, state) !== null) return true
  }
  return false
}

/** The lists of a thing, and of what a path may leave out of it, in which there may be items. */
function* listsOf(node: Node): Generator<Node> {
  if (node.view.form !== 'one') return
  for (const below of node.below(comparedOf(node.view.thing.kind).lists)) {
    if (below.view.form === 'many') yield below
    else yield* listsOf(below)
  }
}

/** An item whose parts say what is to be said of it when it is compared: very many are not all at once. */
function stateItem(
  state: KhoState,
  path: string,
  key: string | null,
  owner: Item | null,
  parts: readonly Thing[],
): Item {
  return new StateItem(state, path, key ?? path, owner?.key ?? null, parts)
}

class StateItem implements Item {
  placeless = false
  data = NO_FRAMES
  structures = NO_FRAMES

  constructor(
    readonly state: KhoState,
    readonly path: string,
    readonly key: string,
    readonly parent: string | null,
    /** The thing, and what a path may leave out of it. */
    readonly parts: readonly Thing[],
  ) {}

  get kind(): ItemKind {
    return this.parts[0]!.kind.item!.kind
  }

  get self(): unknown {
    return this.parts[0]!.self
  }

  get text(): string {
    const text = this.#last((traits, self) => traits.text?.(self, this.state) ?? null)
    if (text !== null) return text
    const { kind, self } = this.parts[0]!
    return kind.what(self)
  }

  get size(): number | null {
    return this.#last((traits, self) => traits.size?.(self, this.state) ?? null)
  }

  get content(): Content | null {
    return this.#last((traits, self) => traits.content?.(self, this.state) ?? null)
  }

  get folioFlags(): (() => FolioFlags) | null {
    return this.#last((traits, self) =>
      traits.folioFlags === undefined ? null : () => traits.folioFlags!(self, this.state),
    )
  }

  get fields(): ItemField[] {
    const fields: ItemField[] = []
    for (const { kind, self } of this.parts) {
      addFields(this.state, kind, self, fields)
      for (const field of kind.item?.fields?.(self, this.state) ?? []) fields.push(field)
    }
    return fields
  }

  /** What the last part has that has it. */
  #last<R>(get: (traits: ItemTraits<unknown>, self: unknown) => R | null): R | null {
    for (let n = this.parts.length - 1; n >= 0; n--) {
      const { kind, self } = this.parts[n]!
      const found = kind.item === undefined ? null : get(kind.item, self)
      if (found !== null) return found
    }
    return null
  }
}

function addFields(state: KhoState, kind: Kind<unknown>, self: unknown, fields: ItemField[]): void {
  for (const [name, field] of comparedOf(kind).leaves) {
    const change = field.changeOf === undefined ? (field.change ?? null) : field.changeOf(self)
    if (change === null) continue
    const value = field.get(self, state)
    fields.push({ name, value: isNotKnown(value) ? null : valueText(field, value), class: change })
  }
}

function valueText({ kind }: Leaf<unknown>, value: LeafValue): string | null {
  if (value === null || value instanceof Uint8Array) return null
  const numeric = typeof value === 'number' || typeof value === 'bigint'
  return numeric && (kind === 'address' || kind === 'opaque') ? hex(value) : String(value)
}
