import { Parser } from 'binary-parser'
import { terminatedString } from './byte-string.js'
import { ADDRESS_BITS, type Field, type Struct } from './field.js'

const LIMIT = 2n ** BigInt(ADDRESS_BITS)

/**
 * A layout as a parser of binary-parser, to nest in parsers of one's own: a record with a header of KHO's and a tail of
 * its own, arrays until a condition. It gives what {@link Struct.read} gives. It is compiled with `new Function`, which a
 * strict content security policy forbids; nothing else in this package needs it.
 */
export function parserOf(struct: Struct): Parser {
  const parser = new Parser().endianness('little')
  let end = 0
  for (const field of struct.fields) {
    if (field.offset > end) parser.seek(field.offset - end)
    addField(parser, field)
    end = field.offset + field.size
  }
  if (struct.size > end) parser.seek(struct.size - end)
  return parser
}

function addField(parser: Parser, { name, type, size }: Field): void {
  if (typeof type === 'object') {
    parser.nest(name, { type: parserOf(type) })
    return
  }
  switch (type) {
    case 'u64':
      parser.uint64(name)
      break
    case 'addr':
      parser.uint64(name, { formatter: (value: bigint) => (value < LIMIT ? Number(value) : null) })
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
