import { appendPath, elementSegments, encodeSegment, type Segment } from '../../formats/layout/index.js'
import { type Range, rangeAt } from '../../formats/memory/range.js'
import type { KhoState } from '../image/state.js'
import type { Elements } from './elements.js'
import {
  type Field,
  isNotKnown,
  type Kind,
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
import type { Content } from './piece.js'
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
  /** The things and lists directly below; values are left out. */
  below(): Iterable<Node>
  branches(): Iterable<readonly [field: string, Node]>
  /** Names of the parts below, as they are written in a path; not all of very many. */
  names(): string[]
}

/** Where a thing is: its path, and the paths that those below its fields begin with. */
interface Place {
  state: KhoState
  path: string
  /** How its bytes are called: by what stands for it in paths. */
  home: string
  /** What a field's path is appended to. */
  under(field: string): string
}

/** A thing at a path. */
export function nodeOf(state: KhoState, path: string, thing: Thing, through?: [Through, string]): Node {
  const under = (field: string) => (through !== undefined && passes(through[0], field) ? through[1] : path)
  const home = through?.[0] === 'all' ? through[1] : path
  return recordNode({ state, path, home, under }, thing)
}

function passes(through: Through, field: string): boolean {
  return through === 'all' || through.includes(field)
}

function recordNode(place: Place, { kind, self }: Thing): Node {
  const { state, path, home } = place
  let memory: Memory | undefined
  const own = () => {
    memory ??= kind.memory?.(self, state, home) ?? NO_MEMORY
    return memory
  }
  const field = (segment: Segment): Node | null =>
    typeof segment === 'string' && Object.hasOwn(kind.fields, segment)
      ? fieldNode(place, kind, self, segment, own)
      : null
  return {
    path,
    what: kind.what(self),
    view: { form: 'one', thing: { kind, self } },
    get memory() {
      return own()
    },
    content: () => kind.content?.(self, state) ?? null,
    // What a path may leave out comes first: a region that is called `size` is meant before the blob's size.
    step: segment =>
      stepThrough(kind, field, segment) ?? field(segment) ?? rawStep(state, path, own(), segment),
    *below() {
      for (const [, node] of this.branches()) yield node
    },
    *branches() {
      for (const name of branchesOf(kind)) {
        const node = field(name)
        if (node !== null) yield [name, node]
      }
    },
    names: () => [...throughNames(kind, field), ...Object.keys(kind.fields).map(encodeSegment)],
  }
}

const branches = new WeakMap<Kind<unknown>, string[]>()

/** The fields of a kind that are no values. */
function branchesOf(kind: Kind<unknown>): string[] {
  let names = branches.get(kind)
  if (names === undefined) {
    names = Object.keys(kind.fields).filter(name => kind.fields[name]!.form !== 'leaf')
    branches.set(kind, names)
  }
  return names
}

function stepThrough(
  kind: Kind<unknown>,
  field: (name: string) => Node | null,
  segment: Segment,
): Node | null {
  for (const name of throughFields(kind)) {
    const found = field(name)?.step(segment)
    if (found != null) return found
  }
  return null
}

function throughNames(kind: Kind<unknown>, field: (name: string) => Node | null): string[] {
  return throughFields(kind).flatMap(name => field(name)?.names() ?? [])
}

function throughFields({ fields }: Kind<unknown>): string[] {
  return Object.keys(fields).filter(name => throughOf(fields[name]!) !== undefined)
}

/** What of a field a path may leave out; undefined where that is nothing. */
export function throughOf(field: Field<unknown>): Through | undefined {
  return field.form === 'leaf' ? undefined : field.through
}

/** The fields of a structure that has another word for them, or none, in the tree. */
function rawStep(state: KhoState, path: string, { struct }: Memory, segment: Segment): Node | null {
  if (struct === undefined || typeof segment !== 'string') return null
  const kind = structKind(struct.struct)
  if (!Object.hasOwn(kind.fields, segment)) return null
  const self = { address: struct.address }
  const memory = kind.memory!(self, state, path)
  return fieldNode({ state, path, home: path, under: () => path }, kind, self, segment, () => memory)
}

function fieldNode(
  place: Place,
  kind: Kind<unknown>,
  self: unknown,
  name: string,
  owner: () => Memory,
): Node | null {
  const field = kind.fields[name]!
  const { state } = place
  const base = place.under(name)
  const path = base === '' ? encodeSegment(name) : appendPath(base, name)
  if (field.form === 'leaf') return leafNode(state, path, field, self, fieldMemory(field, name, owner))
  if (field.form === 'many') return listNode(state, path, base, field, self)
  const thing = field.get(self, state)
  if (thing === null || isNotKnown(thing)) return nothingNode(path)
  return nodeOf(state, path, thing, field.through === undefined ? undefined : [field.through, base])
}

/** The bytes that a value is read from: a field of the structure around it. */
function fieldMemory(leaf: Leaf<unknown>, name: string, owner: () => Memory): () => Memory {
  return () => {
    const { struct, pieces } = owner()
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

function listNode(state: KhoState, path: string, base: string, many: Many<unknown>, owner: unknown): Node {
  let made: Elements<unknown> | NotKnown | undefined
  const elements = () => {
    made ??= many.get(owner, state)
    return made
  }
  const memory = () => many.memory?.(owner, state, path) ?? NO_MEMORY
  const home = many.home ?? (many.through === undefined ? path : base)
  return {
    path,
    what: many.what,
    get view(): View {
      return { form: 'many', many, owner, elements: elements() }
    },
    get memory() {
      return memory()
    },
    ...END,
    step(segment) {
      const known = elements()
      const n = isNotKnown(known) ? -1 : findElement(known, segment)
      if (n < 0 || isNotKnown(known)) return rawStep(state, path, memory(), segment)
      return elementNode(state, appendPath(home, segmentOf(known, n)), many, known.item(n))
    },
    *below() {
      const known = elements()
      if (isNotKnown(known) || 'form' in many.of) return
      const segments = segmentsOf(known, known.length)
      for (const [n, segment] of segments.entries()) {
        yield elementNode(state, appendPath(home, segment), many, known.item(n))
      }
    },
    names: () => elementNames(elements(), MOST_NAMES),
  }
}

/** Elements that are looked at for the names that there are. */
const MOST_NAMES = 1000

function elementNode(state: KhoState, path: string, { of }: Many<unknown>, self: unknown): Node {
  if (!('form' in of)) return nodeOf(state, path, { kind: of, self })
  return leafNode(state, path, of, self, () => NO_MEMORY)
}

/** The element that a segment names: by its key where no other has it, or by its number; -1 where there is none. */
function findElement(elements: Elements<unknown>, segment: Segment): number {
  if (elements.find !== undefined) return elements.find(segment)
  if (typeof segment === 'number') return segment < elements.length ? segment : -1
  const index = keyIndex(elements, segment, 0)
  return index >= 0 && keyIndex(elements, segment, index + 1) < 0 ? index : -1
}

function keyIndex(elements: Elements<unknown>, key: string, from: number): number {
  for (let n = from; n < elements.length; n++) if (elements.key?.(n) === key) return n
  return -1
}

/** How an element is named: by its key, or its number where it has none that is its own. */
export function segmentOf(elements: Elements<unknown>, n: number): Segment {
  const key = elements.key?.(n) ?? null
  if (key === null || key === '') return n
  return elements.distinct === true || findElement(elements, key) === n ? key : n
}

/** How the first elements of a list are written in a path. */
export function elementNames(elements: Elements<unknown> | NotKnown, limit: number): string[] {
  return isNotKnown(elements) ? [] : segmentsOf(elements, limit).map(encodeSegment)
}

/** How the first elements of a list are named. */
function segmentsOf(elements: Elements<unknown>, limit: number): Segment[] {
  const looked = elements.distinct === true ? Math.min(limit, elements.length) : elements.length
  const keys: (string | null)[] = []
  for (let n = 0; n < looked; n++) keys.push(elements.key?.(n) ?? null)
  return elementSegments(keys).slice(0, limit)
}
