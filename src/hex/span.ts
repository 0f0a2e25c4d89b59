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

/** A field as a structure declares it, before its bytes are read. */
export interface Item {
  address: number
  length: number
  /** A heading that comes before it. */
  heading?: { path: string; what: string }
  notes?: readonly string[]
  name: string
  type: string
  /** What the bytes say. */
  value(bytes: Uint8Array): string
  /** Set for bytes that are all this: they need not be shown. */
  fill?: number
  /** Set for raw bytes that only the notes explain. */
  raw?: boolean
}
