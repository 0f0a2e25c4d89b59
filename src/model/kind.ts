import type { Struct } from '../../formats/layout/index.js'
import type { Range } from '../../formats/memory/range.js'
import type { KhoState } from '../image/state.js'
import type { ClaimGroup, ClaimWalk } from './claim.js'
import { type Elements, elementsOf, NO_ELEMENTS } from './elements.js'
import { isNotKnown, type NotKnown } from './not-known.js'
import type { Content, Piece } from './piece.js'

export { absent, isNotKnown, type NotKnown, notKnown } from './not-known.js'

/**
 * What a state looks like, said once: a kind of thing has named fields, and from those come the tree that people read,
 * JSON and its schema, paths, annotated bytes, owners, what is extracted and what is compared.
 */
export interface Kind<T> {
  /** In a word or two: `session`, `folio`, `vmalloc chunk`. */
  what(self: T): string
  /** In the order in which they are shown. */
  readonly fields: Readonly<Record<string, Field<T>>>
  /** Where its own bytes lie, and how they are read. */
  memory?(self: T, state: KhoState, path: string): Memory
  /** Its content, where that is not simply its own bytes. */
  content?(self: T, state: KhoState): Content | null
  /** What it claims itself; with `claimsAll` that is all that is claimed below it, too. */
  claims?(self: T, walk: ClaimWalk, path: string): Iterable<ClaimGroup>
  readonly claimsAll?: boolean
  /** Set for what owns memory that is compared as one. */
  readonly item?: ItemTraits<T>
}

/** Bytes of a part of a state. */
export interface Memory {
  /** In order; none for what is only a name. */
  readonly extents: readonly Range[]
  /** Structures in the extents, ascending. */
  pieces?(): Iterable<Piece>
  /** The structure that it is or begins with: its fields are parts by their C names, too. */
  readonly struct?: { readonly struct: Struct; readonly address: number }
}

/** No bytes. */
export const NO_MEMORY: Memory = { extents: [] }

/** A field is a value, a thing of another kind, or a list of things or of values. */
export type Field<T> = Leaf<T> | One<T> | Many<T>

/** The kind of a value, and never the value, decides how it looks in JSON. */
export interface LeafKinds {
  /** A physical address: `"0x…"`. */
  address: number
  /** A u64 without a meaning to us: `"0x…"`. */
  opaque: bigint | number
  /** A u64 that people write in decimal, such as a token: a decimal string. */
  token: bigint
  /** A count, an offset, a version: a number. */
  count: number
  /** A size in bytes. */
  size: number
  flag: boolean
  /** Bytes that are a name: a byte string, one character (U+0000 to U+00FF) for each byte. */
  name: string
  /** Text of ours, or a file's name. */
  text: string
  /** Bytes that nobody understands: lower-case hex, two digits each. */
  bytes: Uint8Array
}
export type LeafKind = keyof LeafKinds
export type LeafValue = LeafKinds[LeafKind] | null

/** What a difference between two values of a field is called. */
export type FieldChange = 'content-changed' | 'flags' | 'version' | 'address' | 'split' | 'structure'

/** What there is to say of a value beside itself. */
export interface LeafTraits<T> {
  /** Set where the value can be null: when, in a few words. */
  readonly orNull?: string
  /** All that it can be. */
  readonly values?: readonly (string | number)[]
  /** Set for numbers of 2^53 and more, which are then not exact. */
  readonly huge?: boolean
  /** Set where the tree leaves it out when it is null. */
  readonly quiet?: boolean
  readonly doc?: string
  /** Name of the structure's field that it is read from, joined with dots; where left out, its own name. */
  readonly at?: string
  /** Its bytes, where they are no field of the structure around it. */
  memory?(self: T, state: KhoState, path: string): (Memory & { readonly what: string }) | null
  /** How it counts when two states are compared; where left out, it does not. */
  readonly change?: FieldChange
  /** The same by what it is a value of; null for one that is not compared. */
  changeOf?(self: T): FieldChange | null
}

/** A value without parts. */
export interface Leaf<T> extends LeafTraits<T> {
  readonly form: 'leaf'
  readonly kind: LeafKind
  get(self: T, state: KhoState): LeafValue | NotKnown
}

/** What a path may leave out. `all`: whatever lies below has its path without it; else the fields that do. */
export type Through = 'all' | readonly string[]

/** A thing of another kind. */
export interface One<T> {
  readonly form: 'one'
  /** Of what kinds it can be; {@link Blob}s decide by their format. */
  readonly kinds: readonly Kind<unknown>[]
  get(self: T, state: KhoState): Thing | NotKnown | null
  readonly through?: Through
  readonly orNull?: string
  readonly hidden?: boolean
  /** Set where it can be of kinds that nobody knows beforehand: those that a layout tells. */
  readonly open?: true
  /** Left out of text where there is none: most things of the kind have none. */
  readonly rare?: true
}

/** Anything, with the kind that says what it is. */
export interface Thing {
  readonly kind: Kind<unknown>
  readonly self: unknown
}

/** A list, whose elements are made when they are looked at. */
export interface Many<T> {
  readonly form: 'many'
  /** In a few words: `list of folios`. */
  readonly what: string
  readonly of: Kind<unknown> | Leaf<unknown>
  get(self: T, state: KhoState): Elements<unknown> | NotKnown
  /** Bytes of the list itself. */
  memory?(self: T, state: KhoState, path: string): Memory
  claims?(self: T, walk: ClaimWalk, path: string): Iterable<ClaimGroup>
  readonly claimsAll?: boolean
  readonly through?: Through
  /** What paths of the elements begin with, where that is not the list's own path. */
  readonly home?: string
  readonly doc?: string
  /** Set for what paths lead to, though neither the tree nor JSON shows it. */
  readonly hidden?: boolean
  /** Left out of text where it is empty: most things of the kind have none. */
  readonly rare?: true
}

/**
 * How something that owns memory takes part in a comparison. What a path may leave out, and is an item of the same kind
 * as the thing around it, is one with it.
 */
export interface ItemTraits<T> {
  readonly kind: ItemKind
  text?(self: T, state: KhoState): string
  /** What stands for it in a list without natural keys. */
  key?(self: T): string | null
  /** Logical size in bytes; null where it has none. */
  size?(self: T, state: KhoState): number | null
  /** Bytes that are compared; by default its content. */
  content?(self: T, state: KhoState): Content | null
  folioFlags?(self: T, state: KhoState): FolioFlags
  /** What is compared beside its fields. */
  fields?(self: T, state: KhoState): ItemField[]
}

/** A property that is compared as it is. */
export interface ItemField {
  name: string
  /** Null where it is not known: then it is not compared. */
  value: string | null
  /** What a difference is called. */
  class: FieldChange
}

/** Owners that can be each other under another name are of one kind. */
export type ItemKind = 'root' | 'blob' | 'region' | 'session' | 'file' | 'flb'

/** The flags of a memfd's folios, by page index. */
export interface FolioFlags {
  index: Float64Array
  flags: Uint16Array
}

type Get<T, K extends LeafKind> = (self: T, state: KhoState) => LeafKinds[K] | null | NotKnown

function leaf<K extends LeafKind>(kind: K) {
  return <T>(get: Get<T, K>, traits: LeafTraits<T> = {}): Leaf<T> => ({ form: 'leaf', kind, get, ...traits })
}

/** A physical address. */
export const address = leaf('address')
/** A u64 without a meaning to us. */
export const opaque = leaf('opaque')
/** A u64 that people write in decimal. */
export const token = leaf('token')
/** A count, an offset, a version. */
export const count = leaf('count')
/** A size in bytes. */
export const size = leaf('size')
/** True or false. */
export const flag = leaf('flag')
/** A byte string. */
export const name = leaf('name')
/** Text of ours, or a file's name. */
export const text = leaf('text')
/** Bytes that nobody understands. */
export const bytes = leaf('bytes')

/** A count that the kernel keeps as a u64; nothing counts to 2^53, so a larger one is none. */
export function small(value: bigint | null): number | null {
  return value === null || value > Number.MAX_SAFE_INTEGER ? null : Number(value)
}

/** A thing of one kind; null where there is none. */
export function one<T, U>(
  kind: Kind<U>,
  get: (self: T, state: KhoState) => U | NotKnown | null,
  traits: Pick<One<T>, 'through' | 'orNull' | 'hidden' | 'rare'> = {},
): One<T> {
  return {
    form: 'one',
    kinds: [kind],
    get(self, state) {
      const found = get(self, state)
      return found === null || isNotKnown(found) ? (found as NotKnown | null) : { kind, self: found }
    },
    ...traits,
  }
}

/** A list of things of one kind, or of values. */
export function list<T, U>(
  what: string,
  of: Kind<U> | Leaf<U>,
  get: (self: T, state: KhoState) => Elements<U> | readonly U[] | NotKnown,
  traits: Omit<Many<T>, 'form' | 'what' | 'of' | 'get'> & {
    key?: (element: NoInfer<U>) => string | null
  } = {},
): Many<T> {
  const { key, ...rest } = traits
  return {
    form: 'many',
    what,
    of,
    get(self, state) {
      const found = get(self, state)
      if (!Array.isArray(found)) return found as Elements<U> | NotKnown
      return found.length === 0 ? NO_ELEMENTS : elementsOf(found, key)
    },
    ...rest,
  }
}

/** A kind, with `what` as text where it is always the same. */
export function defineKind<T>(
  spec: Omit<Kind<T>, 'what'> & { what: string | ((self: T) => string) },
): Kind<T> {
  const { what } = spec
  return { ...spec, what: typeof what === 'string' ? () => what : what }
}

const holding = new Map<Kind<unknown>, boolean>()

/** True where a thing of a kind is compared as one, or can have such things below it. */
export function holdsItems(kind: Kind<unknown>): boolean {
  const known = holding.get(kind)
  if (known !== undefined) return known
  holding.set(kind, kind.item !== undefined)
  const found =
    kind.item !== undefined ||
    Object.values(kind.fields).some(field => {
      if (field.form === 'one') return field.kinds.some(holdsItems)
      return field.form === 'many' && !('form' in field.of) && holdsItems(field.of)
    })
  holding.set(kind, found)
  return found
}
