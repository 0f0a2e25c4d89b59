/**
 * What a state looks like, before it is text or JSON: one model for the tree that people read, for the JSON that
 * scripts read, and for paths. Lists are made one element at a time.
 */
export type View = Scalar | RecordView | ListView

/** A value without parts. The kind, never the value, decides how it looks in JSON. */
export type Scalar =
  /** A physical address: `"0x…"`. */
  | { kind: 'address'; value: number | null }
  /** A u64 without a meaning to us: `"0x…"`. */
  | { kind: 'opaque'; value: bigint | null }
  /** A u64 that people write in decimal, such as a token: a decimal string. */
  | { kind: 'token'; value: bigint | null }
  /** A count, a size in bytes, an offset, a version: a number. */
  | { kind: 'count'; value: number | null }
  | { kind: 'size'; value: number | null }
  | { kind: 'flag'; value: boolean }
  /** Bytes that are a name: a byte string, one character (U+0000 to U+00FF) for each byte. */
  | { kind: 'name'; value: string | null }
  /** Text of ours, or a file's name. */
  | { kind: 'text'; value: string | null }
  /** Bytes that nobody understands: lower-case hex, two digits each. */
  | { kind: 'bytes'; value: Uint8Array | null }
  /** Something that is not there. */
  | { kind: 'nothing' }

/** Named parts, in order. */
export interface RecordView {
  kind: 'record'
  fields: readonly (readonly [name: string, view: View])[]
  /** Fields that a path may leave out: `memblock/khotrace` for `memblock/value/regions/khotrace`. */
  through?: readonly string[]
}

/** Elements, each with a natural key or none. */
export interface ListView {
  kind: 'list'
  readonly length: number
  /** The natural key of an element, a byte string; null where it has none. */
  key(index: number): string | null
  at(index: number): View
  /** Set where no two keys are known to be equal: spares a look at all of them. */
  readonly distinct?: boolean
}

/** A physical address. */
export const address = (value: number | null): Scalar => ({ kind: 'address', value })
/** A u64 without a meaning to us. */
export const opaque = (value: bigint | null): Scalar => ({ kind: 'opaque', value })
/** A u64 that people write in decimal. */
export const token = (value: bigint | null): Scalar => ({ kind: 'token', value })
/** A count, an offset, a version. */
export const count = (value: number | null): Scalar => ({ kind: 'count', value })
/** A count that the kernel keeps as a u64; nothing counts to 2^53, so a larger one is none. */
export const count64 = (value: bigint | null): Scalar =>
  count(value === null || value > Number.MAX_SAFE_INTEGER ? null : Number(value))
/** A size in bytes. */
export const size = (value: number | null): Scalar => ({ kind: 'size', value })
/** True or false. */
export const flag = (value: boolean): Scalar => ({ kind: 'flag', value })
/** A byte string. */
export const name = (value: string | null): Scalar => ({ kind: 'name', value })
/** Text of ours, or a file's name. */
export const text = (value: string | null): Scalar => ({ kind: 'text', value })
/** Bytes that nobody understands. */
export const bytes = (value: Uint8Array | null): Scalar => ({ kind: 'bytes', value })
/** Something that is not there. */
export const nothing: Scalar = { kind: 'nothing' }

/** Named parts, in the order of the object's keys. Parts that are undefined are left out. */
export function record(
  fields: Readonly<Record<string, View | undefined>>,
  through: readonly string[] = [],
): RecordView {
  const kept: (readonly [string, View])[] = []
  for (const [field, view] of Object.entries(fields)) {
    if (view !== undefined) kept.push([field, view])
  }
  return through.length === 0 ? { kind: 'record', fields: kept } : { kind: 'record', fields: kept, through }
}

/** A list whose elements are viewed when they are looked at. */
export function list<T>(
  items: readonly T[],
  view: (item: T, index: number) => View,
  key: (item: T) => string | null = () => null,
): ListView {
  return {
    kind: 'list',
    length: items.length,
    key: index => key(items[index] as T),
    at: index => view(items[index] as T, index),
  }
}

/** A list that is made when it is looked at. */
export function lazyList(make: () => ListView): ListView {
  let made: ListView | undefined
  const get = () => {
    made ??= make()
    return made
  }
  return {
    kind: 'list',
    get length() {
      return get().length
    },
    get distinct() {
      return get().distinct ?? false
    },
    key: index => get().key(index),
    at: index => get().at(index),
  }
}
