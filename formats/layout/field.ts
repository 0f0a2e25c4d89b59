/** A C structure: its reader, its writer, its size and its fields, all from one table. */
export interface Struct<V extends object = object> {
  /** The kernel's name. */
  readonly name: string
  /** Bytes. */
  readonly size: number
  /** By offset. */
  readonly fields: readonly Field[]
  /** First kernel or posting with this layout. */
  readonly since: string
  /** Where the kernel declares it. */
  readonly source: string
  /** The structure at `offset`. Throws `usage` where `bytes` is too short: lengths are checked before. */
  read(bytes: Uint8Array, offset?: number): V
  /** Writes every field; bytes that no field names keep what they are. Throws `usage` for a value that does not fit. */
  write(bytes: Uint8Array, offset: number, value: V): void
  /** The structure as bytes of its own. */
  encode(value: V): Uint8Array
  /** The eight bytes of a `u64` or `addr` field as they are. */
  raw(bytes: Uint8Array, offset: number, name: keyof V & string): bigint
}

/** A u64 at or above this is no physical address: exact JavaScript numbers, and more than any machine has. */
export const ADDRESS_BITS = 52

/** The C types that KHO's structures are made of. All numbers little-endian. */
export type ScalarType =
  /** An opaque number: a bigint. */
  | 'u64'
  | 'u32'
  | 'u16'
  | 'u8'
  /** A u64 that is a physical address: a number, or null where it is 2^52 or more. */
  | 'addr'
  /** A char array: a byte string up to the first NUL; as long as the field where there is none. */
  | 'chars'
  /** A byte array: a view. */
  | 'bytes'

/** A part of a number: C bit-fields are laid out from bit 0 up. */
export interface BitSpec {
  readonly name: string
  /** Lowest bit. */
  readonly shift: number
  /** Bits. */
  readonly width: number
  readonly doc: string
}

/** One field, as it stands in a table of a structure. */
export interface FieldSpec {
  /** In camelCase; {@link cName} gives the kernel's spelling. */
  readonly name: string
  readonly type: ScalarType | Struct
  /** Bytes from the start of the structure. */
  readonly offset: number
  /** Bytes; only for `chars` and `bytes`. */
  readonly length?: number
  /** First kernel that has the field, where that is not the structure's. */
  readonly since?: string
  /** Where it is declared, where that is not the structure's. */
  readonly source?: string
  /** Parts of a number. */
  readonly bits?: readonly BitSpec[]
  readonly doc: string
}

/** What a field of that type is read as. */
export type FieldValue<T> = T extends 'u64'
  ? bigint
  : T extends 'u32' | 'u16' | 'u8'
    ? number
    : T extends 'addr'
      ? number | null
      : T extends 'chars'
        ? string
        : T extends 'bytes'
          ? Uint8Array
          : T extends Struct<infer V>
            ? V
            : never

/** What a structure with these fields is read as. */
export type StructValue<F extends readonly FieldSpec[]> = {
  [S in F[number] as S['name']]: FieldValue<S['type']>
}

/** A field whose size is known. */
export interface Field extends FieldSpec {
  /** Bytes. */
  readonly size: number
  readonly since: string
  readonly source: string
}

const SIZES = { u64: 8, addr: 8, u32: 4, u16: 2, u8: 1 } as const

/** Bytes of a field. */
export function fieldSize(spec: FieldSpec): number {
  if (typeof spec.type === 'object') return spec.type.size
  if (spec.type === 'chars' || spec.type === 'bytes') return spec.length ?? 0
  return SIZES[spec.type]
}

/** The kernel's spelling of a field's name: `totalPages` is `total_pages`. */
export function cName(name: string): string {
  return name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
}
