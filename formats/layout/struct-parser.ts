import { Parser } from 'binary-parser'
import { terminatedString } from './byte-string.js'
import { ADDRESS_BITS, type Field } from './field.js'

const LIMIT = 2n ** BigInt(ADDRESS_BITS)

function toAddress(value: bigint): number | null {
  return value < LIMIT ? Number(value) : null
}

/** A binary-parser for a table of fields. Bytes that no field names are skipped. */
export function buildParser(fields: readonly Field[]): Parser {
  const parser = new Parser().endianness('little')
  let end = 0
  for (const field of fields) {
    if (field.offset > end) parser.seek(field.offset - end)
    addField(parser, field)
    end = field.offset + field.size
  }
  parser.compile()
  return parser
}

function addField(parser: Parser, field: Field): void {
  const { name, type, size } = field
  if (typeof type === 'object') {
    parser.nest(name, { type: buildParser(type.fields) })
    return
  }
  switch (type) {
    case 'u64':
      parser.uint64(name)
      break
    case 'addr':
      parser.uint64(name, { formatter: toAddress })
      break
    case 'u32':
      parser.uint32(name)
      break
    case 'u16':
      parser.uint16(name)
      break
    case 'u8':
      parser.uint8(name)
      break
    case 'chars':
      parser.buffer(name, { length: size, formatter: terminatedString })
      break
    case 'bytes':
      parser.buffer(name, { length: size })
      break
  }
}
