import { describeStruct, type FieldView, type Struct } from '../../formats/layout/index.js'
import { hex } from '../../formats/memory/fault.js'
import { viewOf } from '../../formats/memory/u64.js'
import type { Piece } from '../model/piece.js'
import type { Item } from './span.js'

/** The fields of records of one kind, made one record at a time. */
export function* recordItems(piece: Extract<Piece, { kind: 'records' }>): Generator<Item> {
  for (let n = 0; n < piece.count; n++) {
    yield* structItems(piece.struct, piece.address + n * piece.struct.size, piece.pathOf(n), piece.note)
  }
}

/** Fields of a structure: nested ones are flattened, the parts of a bit-field are in the value of their word. */
export function* structItems(struct: Struct, address: number, path: string, note?: string): Generator<Item> {
  // The layout is in the table, whatever the bytes are; values are read field by field.
  const views = describeStruct(struct, new Uint8Array(struct.size))
  const whole = views.filter(view => view.bits === null)
  let first = true
  const what = note === undefined ? `struct ${struct.name}` : `struct ${struct.name}, ${note}`
  for (const view of whole) {
    const item: Item = {
      address: address + view.offset,
      length: view.size,
      name: view.name,
      type: typeText(view),
      value: bytes => fieldValue(struct, view, bytes),
    }
    yield first ? { ...item, heading: { path, what } } : item
    first = false
  }
}

function typeText({ type, size }: FieldView): string {
  if (type === 'chars') return `char[${size}]`
  return type === 'bytes' ? `u8[${size}]` : type
}

/** Reads one field by putting its bytes where the structure has them. */
function fieldValue(struct: Struct, field: FieldView, bytes: Uint8Array): string {
  const whole = new Uint8Array(struct.size)
  whole.set(bytes, field.offset)
  const views = describeStruct(struct, whole)
  const own = views.find(view => view.name === field.name)!
  const parts = views.filter(view => view.bits !== null && view.name.startsWith(`${field.name}.`))
  if (parts.length > 0) {
    return parts.map(part => `${part.name.slice(field.name.length + 1)} ${valueText(part)}`).join(', ')
  }
  const raw = own.value === null ? hex(viewOf(bytes).getBigUint64(0, true)) : ''
  return own.value === null ? `${raw}, which is no physical address` : valueText(own)
}

function valueText({ value, type }: FieldView): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (value instanceof Uint8Array || value === null) return ''
  if (type === 'addr') return hex(value)
  return value < 10 ? String(value) : `${value} (${hex(value)})`
}
