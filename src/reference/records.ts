import * as layout from '../../formats/layout/index.js'

/** A structure under a name that no other has: several kernels and postings called different ones the same. */
export interface NamedRecord {
  /** The kernel's name; where several share it, ours. */
  id: string
  struct: layout.Struct
}

const LAYOUTS = Object.entries(layout as Record<string, unknown>).flatMap<[string, layout.Struct]>(
  ([name, value]) => (isStruct(value) ? [[name, value]] : []),
)

/** Every structure of KHO, LUO and what they hand over that has a layout, by name. */
export const RECORDS: readonly NamedRecord[] = LAYOUTS.map(([name, struct]) => {
  const only = LAYOUTS.filter(([, other]) => other.name === struct.name).length === 1
  return { id: only ? struct.name : name.toLowerCase(), struct }
}).sort((a, b) => (a.id < b.id ? -1 : 1))

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

function isStruct(value: unknown): value is layout.Struct {
  return typeof value === 'object' && value !== null && 'fields' in value && 'encode' in value
}
