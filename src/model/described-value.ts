import { type DescribedField, numberAt } from '../../formats/described/index.js'
import { terminatedString } from '../../formats/layout/index.js'
import { ADDRESS_LIMIT } from '../../formats/memory/geometry.js'
import { address, bytes, count, type Leaf, name, opaque, size, small, token } from './kind.js'
import type { Part } from './part.js'

const SIZES: Readonly<Record<string, number>> = { u64: 8, addr: 8, u32: 4, u16: 2, u8: 1 }

/** A field's number. */
function numberOf({ type, offset, signed }: DescribedField, { node }: Part): bigint {
  const width = SIZES[String(type)] ?? 0
  const value = numberAt(node.bytes, offset, width)
  return signed ? BigInt.asIntN(width * 8, value) : value
}

/** A value that leads nowhere, shown as its layout says. */
export function scalarLeaf(field: DescribedField): Leaf<Part> {
  const { type, offset, length, doc, signed } = field
  const traits = { doc, at: field.name }
  const raw = ({ node }: Part) => node.bytes.subarray(offset, offset + (length ?? 0))
  if (type === 'chars') return name(part => terminatedString(raw(part)), traits)
  if (type === 'bytes' || typeof type === 'object') return bytes(raw, traits)
  const get = (part: Part) => numberOf(field, part)
  const show = field.show === 'auto' ? (type !== 'u64' ? 'count' : signed ? 'token' : 'hex') : field.show
  switch (show) {
    case 'hex':
      return opaque(part => BigInt.asUintN(64, get(part)), traits)
    case 'token':
      return token(get, traits)
    case 'size':
      return size(part => exact(get(part)), { ...traits, orNull: '2^53 or more' })
    default:
      return count(part => exact(get(part)), { ...traits, orNull: '2^53 or more' })
  }
}

function exact(value: bigint): number | null {
  return value < -BigInt(Number.MAX_SAFE_INTEGER) ? null : small(value)
}

/** The address in a field, whatever it leads to. */
export function addressLeaf(field: DescribedField): Leaf<Part> {
  return address(
    part => {
      const value = numberOf(field, part)
      return value < ADDRESS_LIMIT ? Number(value) : null
    },
    { doc: field.doc, at: field.name, orNull: 'no physical address' },
  )
}
