import type { GridField } from './field.js'

/** Addresses that make a pointer hostile, of one state on one machine. */
export interface Places {
  /** End of RAM. */
  ramEnd: number
  /** Inside a scratch area, page aligned. */
  scratch: number
  /** Inside the reading kernel's image. */
  kernel: number
  /** A page of the state that holds something else. */
  other: number
}

/** A value to write, by a name that tells why. */
export interface HostileValue {
  name: string
  bytes: Uint8Array
}

const PAGE = 4096n
/** Where x86-64 maps all of memory: page_offset_base without randomisation. */
const DIRECT_MAP = 0xffff_8880_0000_0000n

/** What is written into a field: every value that differs from the one that is there, each once. */
export function hostileValues(field: GridField, old: Uint8Array, places: Places): HostileValue[] {
  const values = field.kind === 'text' ? texts(old) : numbers(field, old, places)
  const seen = new Set([key(old)])
  return values.filter(({ bytes }) => {
    const fresh = !seen.has(key(bytes))
    seen.add(key(bytes))
    return fresh
  })
}

function key(bytes: Uint8Array): string {
  return bytes.join()
}

function numbers(field: GridField, old: Uint8Array, places: Places): HostileValue[] {
  const width = BigInt(field.bytes * 8)
  const value = readNumber(old, field.bigEndian)
  const make = (name: string, number: bigint): HostileValue => ({
    name,
    bytes: writeNumber(BigInt.asUintN(Number(width), number), field),
  })
  const rows = Object.entries(tableOf(field, value, places, width))
  return rows.map(([name, number]) => make(name, number))
}

function tableOf(field: GridField, value: bigint, places: Places, width: bigint): Record<string, bigint> {
  const common = { '0': 0n, '1': 1n, 'all ones': -1n, 'sign bit': 2n ** (width - 1n) }
  switch (field.kind) {
    case 'address':
      return { ...common, ...addresses(BigInt(field.at), value, places) }
    case 'bits':
      return { ...common, 'one more bit': value ^ 4n, 'top byte': value | (0xffn << (width - 8n)) }
    case 'token':
      return { ...common, '-4': value - 4n, '+1': value + 1n, '+4': value + 4n, 'int max': 0x7fff_ffffn }
    case 'text':
    case 'count':
      return {
        ...common,
        '-1': value - 1n,
        '+1': value + 1n,
        '+100': value + 100n,
        ...(width > 32n ? { '2^32': 2n ** 32n, '2^52': 2n ** 52n } : {}),
      }
  }
}

function addresses(
  at: bigint,
  value: bigint,
  { ramEnd, scratch, kernel, other }: Places,
): Record<string, bigint> {
  return {
    '+1': value + 1n,
    '+8': value + 8n,
    '+page': value + PAGE,
    itself: (at / PAGE) * PAGE,
    'another page': BigInt(other),
    'end of RAM': BigInt(ramEnd),
    'far outside': 2n ** 40n,
    'in scratch': BigInt(scratch),
    'in the kernel': BigInt(kernel),
    '2^52': 2n ** 52n,
    virtual: DIRECT_MAP + value,
  }
}

/** Text as bytes; what was there may end with a NUL or fill its room. */
function texts(old: Uint8Array): HostileValue[] {
  const nul = old.indexOf(0)
  const length = nul < 0 ? old.length : nul
  const change = (name: string, edit: (bytes: Uint8Array) => void): HostileValue => {
    const bytes = old.slice()
    edit(bytes)
    return { name, bytes }
  }
  return [
    change('empty', bytes => bytes.fill(0, 0, Math.max(length, 1))),
    change('another first letter', bytes => {
      bytes[0] = 0x7a
    }),
    change('another last letter', bytes => {
      if (length > 0) bytes[length - 1] = bytes[length - 1]! + 1
    }),
    change('one letter less', bytes => {
      if (length > 0) bytes[length - 1] = 0
    }),
    change('no end', bytes => bytes.fill(0x78)),
    change('no ASCII', bytes => {
      bytes[0] = 0xff
    }),
  ]
}

function readNumber(bytes: Uint8Array, bigEndian: boolean): bigint {
  const ordered = bigEndian ? [...bytes] : [...bytes].reverse()
  return ordered.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)
}

function writeNumber(value: bigint, { bytes, bigEndian }: GridField): Uint8Array {
  const little = Uint8Array.from({ length: bytes }, (_, n) => Number((value >> BigInt(8 * n)) & 0xffn))
  return bigEndian ? little.reverse() : little
}
