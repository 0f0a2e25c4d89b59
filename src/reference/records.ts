import * as layout from '../../formats/layout/index.js'

/** A structure under a name that no other has: several kernels and postings called different ones the same. */
export interface NamedRecord {
  /** In the kernel's spelling: lower case, words joined by `_`. */
  id: string
  struct: layout.Struct
}

/** Every structure of KHO, LUO and what they hand over that has a layout, by name. */
export const RECORDS: readonly NamedRecord[] = Object.entries(layout)
  .flatMap(([name, value]) =>
    isStruct(value) ? [{ id: name.toLowerCase(), struct: value as layout.Struct }] : [],
  )
  .sort((a, b) => (a.id < b.id ? -1 : 1))

const IDS: ReadonlyMap<layout.Struct, string> = new Map(RECORDS.map(({ id, struct }) => [struct, id]))

/** The name of a structure that is part of another. */
export function idOf(struct: layout.Struct): string {
  return IDS.get(struct) ?? struct.name
}

/** What a structure's bytes are, one behind the other: fields, and gaps that no field names. */
export function* partsOf({ fields, size }: layout.Struct): Generator<layout.Field | number> {
  let at = 0
  for (const field of fields) {
    if (field.offset > at) yield field.offset - at
    yield field
    at = field.offset + field.size
  }
  if (size > at) yield size - at
}

function isStruct(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'fields' in value && 'encode' in value
}
