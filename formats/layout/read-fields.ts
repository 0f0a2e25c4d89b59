import { terminatedString } from './byte-string.js'
import { ADDRESS_BITS, type Field } from './field.js'

const LIMIT = 2 ** ADDRESS_BITS
const HIGH = 2 ** 32

/** The values of a table of fields at `offset`, whose bytes are known to be there. */
export function readFields(
  bytes: Uint8Array,
  offset: number,
  fields: readonly Field[],
): Record<string, unknown> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const value: Record<string, unknown> = {}
  for (const field of fields) value[field.name] = readField(bytes, view, offset + field.offset, field)
  return value
}

function readField(bytes: Uint8Array, view: DataView, at: number, { type, size }: Field): unknown {
  switch (type) {
    case 'u64':
      return view.getBigUint64(at, true)
    case 'addr': {
      const value = view.getUint32(at + 4, true) * HIGH + view.getUint32(at, true)
      return value < LIMIT ? value : null
    }
    case 'u32':
      return view.getUint32(at, true)
    case 'u16':
      return view.getUint16(at, true)
    case 'u8':
      return view.getUint8(at)
    case 'chars':
      return terminatedString(bytes.subarray(at, at + size))
    case 'bytes':
      return bytes.subarray(at, at + size)
    default:
      return readFields(bytes, at, type.fields)
  }
}
