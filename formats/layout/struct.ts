import { KhoError } from '../error.js'
import { stringBytes } from './byte-string.js'
import { type Field, type FieldSpec, fieldSize, type Struct, type StructValue } from './field.js'
import { readFields } from './read-fields.js'

/** What a structure is read as. */
export type StructOf<S> = S extends Struct<infer V> ? V : never

/** Where a field lies in its structure, in bytes: for loops over tables, where a value object an entry is too much. */
export function offsetOf<V extends object>(struct: Struct<V>, name: keyof V & string): number {
  const field = struct.fields.find(entry => entry.name === name)
  if (field === undefined) throw new KhoError('usage', `struct ${struct.name} has no field ${name}`)
  return field.offset
}

/** The table behind a {@link Struct}. */
export interface StructSpec<F extends readonly FieldSpec[]> {
  /** Bytes; where left out, up to the end of the last field. */
  readonly size?: number
  readonly since: string
  readonly source: string
  readonly fields: F
}

/**
 * Declares a structure. Throws `usage` for a table whose fields overlap, are out of order or reach past `size`.
 */
export function defineStruct<const F extends readonly FieldSpec[]>(
  name: string,
  spec: StructSpec<F>,
): Struct<StructValue<F>> {
  type V = StructValue<F>
  const fields = layOut(name, spec)
  const size = spec.size ?? lastEnd(fields)

  function demand(bytes: Uint8Array, offset: number): void {
    if (offset >= 0 && offset + size <= bytes.length) return
    const have = Math.max(0, bytes.length - offset)
    throw new KhoError('usage', `struct ${name} needs ${size} bytes at offset ${offset}, there are ${have}`)
  }
  function write(bytes: Uint8Array, offset: number, value: V): void {
    demand(bytes, offset)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (const field of fields) {
      writeField(view, offset + field.offset, field, Reflect.get(value, field.name), name)
    }
  }
  return {
    name,
    size,
    fields,
    since: spec.since,
    source: spec.source,
    read(bytes, offset = 0) {
      demand(bytes, offset)
      return readFields(bytes, offset, fields) as V
    },
    write,
    encode(value) {
      const bytes = new Uint8Array(size)
      write(bytes, 0, value)
      return bytes
    },
    raw(bytes, offset, fieldName) {
      demand(bytes, offset)
      const field = fields.find(candidate => candidate.name === fieldName)
      if (field === undefined || field.size !== 8) {
        throw new KhoError('usage', `struct ${name} has no 8-byte field ${fieldName}`)
      }
      return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(offset + field.offset, true)
    },
  }
}

function layOut(name: string, spec: StructSpec<readonly FieldSpec[]>): Field[] {
  let end = 0
  return spec.fields.map(field => {
    const size = fieldSize(field)
    const past = spec.size !== undefined && field.offset + size > spec.size
    if (field.offset < end || past || size === 0) {
      throw new KhoError('usage', `struct ${name}: field ${field.name} at ${field.offset} has no room`)
    }
    end = field.offset + size
    return { ...field, size, since: field.since ?? spec.since, source: field.source ?? spec.source }
  })
}

function lastEnd(fields: readonly Field[]): number {
  const last = fields.at(-1)
  return last === undefined ? 0 : last.offset + last.size
}

const MOST = { u32: 2 ** 32, u16: 2 ** 16, u8: 2 ** 8, addr: 2 ** 52 } as const

function writeField(view: DataView, at: number, field: Field, value: unknown, owner: string): void {
  const { type, size } = field
  if (typeof type === 'object') {
    if (typeof value !== 'object' || value === null) throw misfit(owner, field, value)
    type.write(new Uint8Array(view.buffer, view.byteOffset + at, size), 0, value)
  } else if (type === 'u64') {
    if (typeof value !== 'bigint' || value < 0n || value >= 2n ** 64n) throw misfit(owner, field, value)
    view.setBigUint64(at, value, true)
  } else if (type === 'chars' || type === 'bytes') {
    const bytes = typeof value === 'string' ? stringBytes(value) : value
    const wrong = !(bytes instanceof Uint8Array) || bytes.length > size
    if (wrong || (type === 'chars' && bytes.includes(0))) throw misfit(owner, field, value)
    const target = new Uint8Array(view.buffer, view.byteOffset + at, size)
    target.fill(0)
    target.set(bytes)
  } else {
    const fits = typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < MOST[type]
    if (!fits) throw misfit(owner, field, value)
    if (type === 'addr') view.setBigUint64(at, BigInt(value), true)
    else if (type === 'u32') view.setUint32(at, value, true)
    else if (type === 'u16') view.setUint16(at, value, true)
    else view.setUint8(at, value)
  }
}

function misfit(owner: string, field: Field, value: unknown): KhoError {
  const type = typeof field.type === 'object' ? `struct ${field.type.name}` : field.type
  const shown = value instanceof Uint8Array ? `${value.length} bytes` : String(value)
  return new KhoError(
    'usage',
    `struct ${owner}: ${shown} does not fit ${field.name}, ${type} of ${field.size} bytes`,
  )
}
