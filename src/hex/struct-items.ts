import {
  describeStruct,
  type FieldView,
  type ScalarType,
  type Struct,
  terminatedString,
} from '../../formats/layout/index.js'
import { hex } from '../../formats/memory/fault.js'
import { ADDRESS_LIMIT } from '../../formats/memory/geometry.js'
import { u64 } from '../../formats/memory/u64.js'
import type { Piece } from '../model/piece.js'
import { batched, FieldItem, type Item } from './span.js'
import { sameView } from './view.js'

/** The fields of records of one kind. */
export function recordItems(piece: Extract<Piece, { kind: 'records' }>): Iterable<Item[]> {
  const { address, struct } = piece
  const what = whatOf(struct, piece.note)
  return batched(piece.count, (n, items) => {
    putStruct(items, struct, address + n * struct.size, piece.pathOf(n), what)
  })
}

/** Fields of a structure: nested ones are flattened, the parts of a bit-field are in the value of their word. */
export function structItems(struct: Struct, address: number, path: string, note?: string): Item[] {
  const items: Item[] = []
  putStruct(items, struct, address, path, whatOf(struct, note))
  return items
}

function whatOf({ name }: Struct, note: string | undefined): string {
  return note === undefined ? `struct ${name}` : `struct ${name}, ${note}`
}

function putStruct(items: Item[], struct: Struct, address: number, path: string, what: string): void {
  let first = true
  for (const { offset, length, name, type, value } of fieldsOf(struct)) {
    const item = new FieldItem(address + offset, length, name, type, value)
    if (first) item.heading = { path, what }
    first = false
    items.push(item)
  }
}

/** A field of a structure, wherever that lies. */
type StructField = Pick<Item, 'length' | 'name' | 'type' | 'value'> & { offset: number }

const known = new WeakMap<Struct, StructField[]>()

function fieldsOf(struct: Struct): StructField[] {
  let fields = known.get(struct)
  if (fields === undefined) {
    // The layout is in the table, whatever the bytes are.
    const views = describeStruct(struct, new Uint8Array(struct.size))
    fields = views
      .filter(view => view.bits === null)
      .map(view => {
        const { offset, size, name } = view
        return { offset, length: size, name, type: typeText(view), value: fieldValue(view, views) }
      })
    known.set(struct, fields)
  }
  return fields
}

function typeText({ type, size }: FieldView): string {
  if (type === 'chars') return `char[${size}]`
  return type === 'bytes' ? `u8[${size}]` : type
}

/** How the bytes of a field are read. */
function fieldValue({ name, type }: FieldView, views: readonly FieldView[]): Item['value'] {
  if (type === 'bytes') return () => ''
  if (type === 'chars') {
    return (bytes, at, length) => JSON.stringify(terminatedString(bytes.subarray(at, at + length)))
  }
  const parts = views.flatMap(view => {
    const own = view.bits !== null && view.name.startsWith(`${name}.`)
    return own ? [{ ...view.bits!, label: view.name.slice(name.length + 1) }] : []
  })
  if (parts.length > 0) {
    return (bytes, at) => {
      const word = numberAt(bytes, at, type)
      return parts.map(part => `${part.label} ${numberText(bitsOf(word, part), type)}`).join(', ')
    }
  }
  return (bytes, at) => {
    const value = numberAt(bytes, at, type)
    if (type === 'addr' && value >= ADDRESS_LIMIT) return `${hex(value)}, which is no physical address`
    return numberText(value, type)
  }
}

/** A native number; one that is not exact as a number is a bigint. */
function numberAt(bytes: Uint8Array, at: number, type: ScalarType): number | bigint {
  const view = sameView(bytes)
  if (type === 'u8') return view.getUint8(at)
  if (type === 'u16') return view.getUint16(at, true)
  if (type === 'u32') return view.getUint32(at, true)
  const value = u64(view, at)
  return value < 2 ** 53 ? value : view.getBigUint64(at, true)
}

function bitsOf(word: number | bigint, { shift, width }: { shift: number; width: number }): number | bigint {
  if (typeof word === 'bigint') return BigInt.asUintN(width, word >> BigInt(shift))
  return Math.floor(word / 2 ** shift) % 2 ** width
}

function numberText(value: number | bigint, type: ScalarType): string {
  if (type === 'addr') return hex(value)
  return value < 10 ? String(value) : `${value} (${hex(value)})`
}
