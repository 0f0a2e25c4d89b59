import { type Field as CField, type Struct, terminatedString } from '../../formats/layout/index.js'
import { ADDRESS_LIMIT } from '../../formats/memory/geometry.js'
import { rangeAt } from '../../formats/memory/range.js'
import { viewOf } from '../../formats/memory/u64.js'
import type { KhoState } from '../image/state.js'
import {
  address,
  bytes,
  count,
  defineKind,
  type Field,
  isNotKnown,
  type Kind,
  type Memory,
  type NotKnown,
  name,
  notKnown,
  one,
  opaque,
} from './kind.js'

/** A structure in memory, of which nothing is known but where it lies. */
export interface Placed {
  address: number
}

const kinds = new WeakMap<Struct, Kind<Placed>>()

/** A C structure as a kind: each of its fields by its own name, read when it is looked at. */
export function structKind(struct: Struct): Kind<Placed> {
  let kind = kinds.get(struct)
  if (kind === undefined) {
    kind = defineKind<Placed>({
      what: `struct ${struct.name}`,
      fields: Object.fromEntries(struct.fields.map(field => [field.name, fieldOf(field)])),
      memory: (self, _, path) => structMemory(struct, self.address, path),
    })
    kinds.set(struct, kind)
  }
  return kind
}

/** The bytes of a structure. */
export function structMemory(struct: Struct, at: number, path: string): Memory {
  return {
    extents: [rangeAt(at, struct.size)],
    pieces: () => [{ kind: 'struct', address: at, struct, path }],
    struct: { struct, address: at },
  }
}

function fieldOf(field: CField): Field<Placed> {
  const { type, offset, doc } = field
  if (typeof type === 'object') return one(structKind(type), self => ({ address: self.address + offset }))
  const read = <V>(decode: (raw: Uint8Array) => V) => {
    return (self: Placed, state: KhoState) => {
      const raw = rawBytes(state, self.address + offset, field.size)
      return isNotKnown(raw) ? raw : decode(raw)
    }
  }
  switch (type) {
    case 'addr':
      return address(
        read(raw => {
          const value = viewOf(raw).getBigUint64(0, true)
          return value < ADDRESS_LIMIT ? Number(value) : null
        }),
        { doc, orNull: 'no physical address' },
      )
    case 'u64':
      return opaque(
        read(raw => viewOf(raw).getBigUint64(0, true)),
        { doc },
      )
    case 'chars':
      return name(read(terminatedString), { doc })
    case 'bytes':
      return bytes(
        read(raw => raw),
        { doc },
      )
    default:
      return count(
        read(raw => raw.reduceRight((value, byte) => value * 256 + byte, 0)),
        { doc },
      )
  }
}

function rawBytes(state: KhoState, at: number, length: number): Uint8Array | NotKnown {
  const read = state.image.memory.read(at, length)
  return read.ok ? read.bytes : notKnown(`its bytes are not in the dump (${read.reason})`)
}

/** A field of a structure by its names from the structure down, joined with dots. */
export function findField(struct: Struct, dotted: string): { field: CField; offset: number } | null {
  let offset = 0
  let fields = struct.fields
  let field: CField | undefined
  for (const part of dotted.split('.')) {
    field = fields.find(candidate => candidate.name === part)
    if (field === undefined) return null
    offset += field.offset
    fields = typeof field.type === 'object' ? field.type.fields : []
  }
  return field === undefined ? null : { field, offset }
}
