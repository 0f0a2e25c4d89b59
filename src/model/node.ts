import { appendPath, encodeSegment, type Segment } from '../../formats/layout/index.js'
import { type Range, rangeAt } from '../../formats/memory/range.js'
import type { KhoState } from '../image/state.js'
import type { Elements } from './elements.js'
import {
  isNotKnown,
  type Leaf,
  type LeafValue,
  type Many,
  type Memory,
  NO_MEMORY,
  type NotKnown,
  type Thing,
  type Through,
  text,
} from './kind.js'
import { branchesOf, throughFields } from './kind-fields.js'
import type { Content } from './piece.js'
import { elementNames, findElement, segmentOf, segmentsOf } from './segments.js'
import { findField, structKind } from './struct-kind.js'

/** What a part of a state is to those who show it. */
export type View =
  | { form: 'one'; thing: Thing }
  | { form: 'many'; many: Many<unknown>; owner: unknown; elements: Elements<unknown> | NotKnown }
  | { form: 'leaf'; leaf: Leaf<unknown>; value: LeafValue | NotKnown }
  | { form: 'nothing' }

/** A part of a state: what a path leads to. Made one step at a time. */
export interface Node {
  /** Its one path, whatever way it was reached. */
  readonly path: string
  readonly what: string
  readonly view: View
  readonly memory: Memory
  /** What a person means by its bytes, where that is not simply what its memory holds. */
  content(): Content | null
  /** The part below that a segment of a path names, or null. */
  step(segment: Segment): Node | null
  /** The things and lists directly below; values are left out, and with `only` other fields, and things that there are not. */
  below(only?: ReadonlySet<string>): Iterable<Node>
  branches(): Iterable<readonly [field: string, Node]>
  /** Names of the parts below, as they are written in a path; not all of very many. */
  names(): string[]
}

/** A thing at a path. */
export function nodeOf(state: KhoState, path: string, thing: Thing, through?: [Through, string]): Node {
  return new RecordNode(state, path, thing, through)
}

function passes(through: Through, field: string): boolean {
  return through === 'all' || through.includes(field)
}

/** A thing. A class, because a state may have a million of them: their methods are made once. */
class RecordNode implements Node {
  #memory: Memory | undefined

  constructor(
    readonly state: KhoState,
    readonly path: string,
    readonly thing: Thing,
    /** What paths of those below its fields leave out, and what they begin with then. */
    readonly through: readonly [Through, string] | undefined,
  ) {}

  get what(): string {
    return this.thing.kind.what(this.thing.self)
  }

  get view(): View {
    return { form: 'one', thing: this.thing }
  }

  get memory(): Memory {
    const { state, path, thing, through } = this
    // Its bytes are called by what stands for it in paths.
    const home = through?.[0] === 'all' ? through[1] : path
    this.#memory ??= thing.kind.memory?.(thing.self, state, home) ?? NO_MEMORY
    return this.#memory
  }

  content(): Content | null {
    return this.thing.kind.content?.(this.thing.self, this.state) ?? null
  }

  step(segment: Segment): Node | null {
    // What a path may leave out comes first: a region that is called `size` is meant before the blob's size.
    for (const name of throughFields(this.thing.kind)) {
      const found = this.#field(name)?.step(segment)
      if (found != null) return found
    }
    return this.#field(segment) ?? rawStep(this.state, this.path, this.memory, segment)
  }

  *below(only?: ReadonlySet<string>): Generator<Node> {
    for (const name of branchesOf(this.thing.kind)) {
      if (only !== undefined && !(only.has(name) && this.#isThere(name))) continue
      const node = this.#field(name)
      if (node !== null) yield node
    }
  }

  *branches(): Generator<readonly [string, Node]> {
    for (const name of branchesOf(this.thing.kind)) {
      const node = this.#field(name)
      if (node !== null) yield [name, node]
    }
  }

  names(): string[] {
    const { kind } = this.thing
    const left = throughFields(kind).flatMap(name => this.#field(name)?.names() ?? [])
    return [...left, ...Object.keys(kind.fields).map(encodeSegment)]
  }

  /** False for a field that would be a thing, and there is none: who looks for some fields only has no use for its path. */
  #isThere(name: string): boolean {
    const { kind, self } = this.thing
    const field = kind.fields[name]!
    return field.form !== 'one' || field.get(self, this.state) !== null
  }

  #field(name: Segment): Node | null {
    const { state, path, thing, through } = this
    if (typeof name !== 'string' || !Object.hasOwn(thing.kind.fields, name)) return null
    const base = through !== undefined && passes(through[0], name) ? through[1] : path
    return fieldNode(state, base, thing, name, this)
  }
}

/** The fields of a structure that has another word for them, or none, in the tree. */
function rawStep(state: KhoState, path: string, { struct }: Memory, segment: Segment): Node | null {
  if (struct === undefined || typeof segment !== 'string') return null
  const kind = structKind(struct.struct)
  if (!Object.hasOwn(kind.fields, segment)) return null
  const self = { address: struct.address }
  const memory = kind.memory!(self, state, path)
  return fieldNode(state, path, { kind, self }, segment, { memory })
}

/** A field of a thing; its path begins with `base`. */
function fieldNode(
  state: KhoState,
  base: string,
  { kind, self }: Thing,
  name: string,
  owner: Pick<Node, 'memory'>,
): Node | null {
  const field = kind.fields[name]!
  const path = base === '' ? encodeSegment(name) : appendPath(base, name)
  if (field.form === 'leaf') return leafNode(state, path, field, self, fieldMemory(field, name, owner))
  if (field.form === 'many') return new ListNode(state, path, base, field, self)
  const thing = field.get(self, state)
  if (thing === null || isNotKnown(thing)) return nothingNode(path)
  return nodeOf(state, path, thing, field.through === undefined ? undefined : [field.through, base])
}

/** The bytes that a value is read from: a field of the structure around it. */
function fieldMemory(leaf: Leaf<unknown>, name: string, owner: Pick<Node, 'memory'>): () => Memory {
  return () => {
    const { struct, pieces } = owner.memory
    const found = struct && findField(struct.struct, leaf.at ?? name)
    if (struct === undefined || found == null) return NO_MEMORY
    const extents = [rangeAt(struct.address + found.offset, found.field.size)]
    return pieces === undefined ? { extents } : { extents, pieces }
  }
}

function leafNode(
  state: KhoState,
  path: string,
  leaf: Leaf<unknown>,
  self: unknown,
  fallback: () => Memory,
): Node {
  const special = leaf.memory?.(self, state, path) ?? null
  return {
    path,
    what: special?.what ?? 'field',
    get view(): View {
      return { form: 'leaf', leaf, value: leaf.get(self, state) }
    },
    get memory() {
      return special ?? fallback()
    },
    ...END,
  }
}

/** What ends a path. */
const END: Pick<Node, 'content' | 'step' | 'below' | 'branches' | 'names'> = {
  content: () => null,
  step: () => null,
  below: () => [],
  branches: () => [],
  names: () => [],
}

/** Memory that no structure names. */
export function bytesNode(path: string, what: string, at: number, length: number): Node {
  const memory = { extents: [rangeAt(at, length)] }
  return { path, what, view: { form: 'nothing' }, memory, ...END }
}

/** What there is to say of memory that could not be read. */
export function textNode(path: string, message: string, extents: readonly Range[]): Node {
  const leaf = text(() => message)
  return { path, what: message, view: { form: 'leaf', leaf, value: message }, memory: { extents }, ...END }
}

function nothingNode(path: string): Node {
  return { path, what: 'nothing', view: { form: 'nothing' }, memory: NO_MEMORY, ...END }
}

/** A list. */
class ListNode implements Node {
  #made: Elements<unknown> | NotKnown | undefined

  constructor(
    readonly state: KhoState,
    readonly path: string,
    readonly base: string,
    readonly many: Many<unknown>,
    readonly owner: unknown,
  ) {}

  get what(): string {
    return this.many.what
  }

  get view(): View {
    return { form: 'many', many: this.many, owner: this.owner, elements: this.#elements() }
  }

  get memory(): Memory {
    return this.many.memory?.(this.owner, this.state, this.path) ?? NO_MEMORY
  }

  content(): null {
    return null
  }

  step(segment: Segment): Node | null {
    const known = this.#elements()
    const n = isNotKnown(known) ? -1 : findElement(known, segment)
    if (n < 0 || isNotKnown(known)) return rawStep(this.state, this.path, this.memory, segment)
    return elementNode(this.state, appendPath(this.#home, segmentOf(known, n)), this.many, known.item(n))
  }

  *below(): Generator<Node> {
    const known = this.#elements()
    if (isNotKnown(known) || known.length === 0 || 'form' in this.many.of) return
    const home = this.#home
    const { named } = known
    const segments = named?.list === home ? null : segmentsOf(known, known.length)
    for (let n = 0; n < known.length; n++) {
      const path = segments === null ? named!.path(n) : appendPath(home, segments[n]!)
      yield elementNode(this.state, path, this.many, known.item(n))
    }
  }

  branches(): [] {
    return []
  }

  names(): string[] {
    return elementNames(this.#elements(), MOST_NAMES)
  }

  /** What paths of its elements begin with. */
  get #home(): string {
    return this.many.home ?? (this.many.through === undefined ? this.path : this.base)
  }

  #elements(): Elements<unknown> | NotKnown {
    this.#made ??= this.many.get(this.owner, this.state)
    return this.#made
  }
}

/** Elements that are looked at for the names that there are. */
const MOST_NAMES = 1000

function elementNode(state: KhoState, path: string, { of }: Many<unknown>, self: unknown): Node {
  if (!('form' in of)) return nodeOf(state, path, { kind: of, self })
  return leafNode(state, path, of, self, () => NO_MEMORY)
}
