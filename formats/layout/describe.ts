import type { Field, ScalarType, Struct } from './field.js'

/** One leaf field of a structure in memory, as an annotated hex dump shows it. */
export interface FieldView {
  /** Names from the structure down, joined with dots: `folios.totalPages`. */
  name: string
  /** Bytes from the start of the structure. */
  offset: number
  /** Bytes. */
  size: number
  type: ScalarType
  /** For a part of a u64: its lowest bit and its width; null for a whole field. */
  bits: { shift: number; width: number } | null
  value: bigint | number | null | string | Uint8Array
  doc: string
  source: string
}

/**
 * Every leaf field of the structure at `offset`, in the order of the bytes; nested structures are flattened, and the
 * parts of a bit-field follow their word. Throws `usage` where `bytes` is too short.
 */
export function describeStruct(struct: Struct, bytes: Uint8Array, offset = 0): FieldView[] {
  const views: FieldView[] = []
  collect(struct, struct.read(bytes, offset), '', 0, views)
  return views
}

function collect(struct: Struct, values: object, prefix: string, base: number, out: FieldView[]): void {
  for (const field of struct.fields) {
    const value: unknown = Reflect.get(values, field.name)
    const at = base + field.offset
    if (typeof field.type === 'object') {
      collect(field.type, value as object, `${prefix}${field.name}.`, at, out)
      continue
    }
    out.push(leaf(field, field.type, prefix, at, value as FieldView['value']))
    for (const part of field.bits ?? []) {
      const word = BigInt.asUintN(part.width, BigInt(value as bigint | number) >> BigInt(part.shift))
      const whole = leaf(field, field.type, prefix, at, word)
      const bits = { shift: part.shift, width: part.width }
      out.push({ ...whole, name: `${whole.name}.${part.name}`, bits, doc: part.doc })
    }
  }
}

function leaf(
  field: Field,
  type: ScalarType,
  prefix: string,
  offset: number,
  value: FieldView['value'],
): FieldView {
  const { size, doc, source } = field
  return { name: `${prefix}${field.name}`, offset, size, type, bits: null, value, doc, source }
}
