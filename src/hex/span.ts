import type { Absence } from '../../formats/memory/fault.js'

/**
 * One line, or a few, of an annotated dump: some bytes and what they are. Spans come in the order of the addresses and
 * leave no byte out.
 */
export type HexSpan =
  /** Begins a structure: no bytes. */
  | { kind: 'heading'; address: number; path: string; what: string }
  /** Says something of the bytes that follow: no bytes. */
  | { kind: 'note'; address: number; text: string }
  | FieldSpan
  /** Bytes that no structure explains. */
  | { kind: 'gap'; address: number; length: number; bytes: Uint8Array; offset: number | null }
  /** Bytes that are all the same (all clear, or all set): not shown one by one. */
  | {
      kind: 'fill'
      address: number
      length: number
      byte: number
      name: string | null
      offset: number | null
    }
  /** Bytes that the dump lacks. */
  | { kind: 'absent'; address: number; length: number; reason: Absence; name: string | null }

/** The bytes of one field. */
export interface FieldSpan {
  kind: 'field'
  address: number
  length: number
  bytes: Uint8Array
  offset: number | null
  /** From the structure down, joined with dots. */
  name: string
  /** C type, such as `u64` or `char[64]`. */
  type: string
  value: string
}

/** Bytes as a stretch of more that was read: where there are a million fields, a view for each is most of what they cost. */
export interface Stretch {
  source: Uint8Array
  at: number
}

/** A span before its bytes have a view of their own. */
export type Span = Exclude<HexSpan, { kind: 'field' | 'gap' }> | Stretched<'field'> | Stretched<'gap'>

type Stretched<K> = Omit<Extract<HexSpan, { kind: K }>, 'bytes'> & Stretch

/** A span as those have it who look at some. */
export function hexSpan(span: Span): HexSpan {
  if (span.kind !== 'field' && span.kind !== 'gap') return span
  const { source, at, ...rest } = span
  return { ...rest, bytes: source.subarray(at, at + span.length) }
}

/**
 * Items and spans are handed on so many at a time: the step of a generator for each, on each level, would cost more than to
 * make them.
 */
export const BATCH = 256

/** Items of `count` things, made when they are asked for. */
export function* batched(count: number, put: (n: number, items: Item[]) => void): Generator<Item[]> {
  for (let n = 0; n < count; ) {
    const items: Item[] = []
    while (n < count && items.length < BATCH) put(n++, items)
    yield items
  }
}

/** A field as a structure declares it, before its bytes are read. */
export interface Item {
  address: number
  length: number
  /** A heading that comes before it. */
  heading?: { path: string; what: string } | undefined
  notes?: readonly string[]
  name: string
  type: string
  /** What the bytes say, which are `length` from `at`. */
  value(bytes: Uint8Array, at: number, length: number): string
  /** Set for bytes that are all this: they need not be shown. */
  fill?: number
  /** Set for raw bytes that only the notes explain. */
  raw?: boolean
}

/**
 * What most items are. A class, and so are the spans made of them: where a collection comes just when the first few thousand
 * are made, V8 (11.3) takes them for long-lived, and if they are literals has all that come take memory that is not collected
 * before there is twice as much of it.
 */
export class FieldItem implements Item {
  heading: Item['heading']

  constructor(
    public address: number,
    readonly length: number,
    readonly name: string,
    readonly type: string,
    readonly value: Item['value'],
  ) {}
}

/** The span of a field that is there. */
export class FieldStretch {
  readonly kind = 'field'

  constructor(
    readonly address: number,
    readonly length: number,
    readonly source: Uint8Array,
    readonly at: number,
    readonly offset: number | null,
    readonly name: string,
    readonly type: string,
    readonly value: string,
  ) {}
}
