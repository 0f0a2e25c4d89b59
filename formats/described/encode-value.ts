import { KhoError } from '../error.js'
import type { DescribedField } from './description.js'

const WIDTHS: Readonly<Record<string, number>> = { u64: 64, addr: 64, u32: 32, u16: 16, u8: 8 }

/** A field's number as its structure writes it. */
export function plainNumber(field: DescribedField, given: unknown): bigint | number {
  const value = integerOf(field, given)
  return field.type === 'u64' ? value : Number(value)
}

/** A number, text such as `0x18`, or the parts of a word by name; of negative numbers the two's complement. */
export function integerOf(field: DescribedField, given: unknown): bigint {
  const value = toInteger(field, given)
  const width = WIDTHS[String(field.type)] ?? 64
  const least = field.signed ? -(2n ** BigInt(width - 1)) : 0n
  const most = 2n ** BigInt(field.signed ? width - 1 : width)
  if (value >= least && value < most) return BigInt.asUintN(width, value)
  throw new KhoError('usage', `${field.name}: ${value} has no room in ${width} bits`)
}

/** What was given, for a message. An object may hold itself: YAML's aliases can. */
export function shown(given: unknown): string {
  return typeof given === 'object' && given !== null ? 'a list or a mapping' : String(JSON.stringify(given))
}

function toInteger(field: DescribedField, given: unknown): bigint {
  if (typeof given === 'bigint') return given
  if (typeof given === 'number' && Number.isSafeInteger(given)) return BigInt(given)
  if (typeof given === 'string' && /^(0x[0-9a-fA-F]{1,16}|-?[0-9]{1,20})$/.test(given)) return BigInt(given)
  if (typeof given === 'object' && given !== null && field.bits.length > 0) {
    return composeBits(field, given as Readonly<Record<string, unknown>>)
  }
  throw new KhoError('usage', `${field.name}: ${shown(given)} is no number`)
}

/** A word from its parts. */
export function composeBits(field: DescribedField, parts: Readonly<Record<string, unknown>>): bigint {
  let word = 0n
  for (const [name, given] of Object.entries(parts)) {
    const bit = field.bits.find(candidate => candidate.name === name)
    if (bit === undefined) throw new KhoError('usage', `${field.name} has no bits ${JSON.stringify(name)}`)
    const value = toInteger({ ...field, bits: [] }, given)
    if (value < 0n || value >= 2n ** BigInt(bit.width)) {
      throw new KhoError('usage', `${field.name}: ${value} has no room in ${bit.width} bits of ${name}`)
    }
    word |= value << BigInt(bit.shift)
  }
  return word
}

/** Text of `chars`; of `bytes` bytes or hex digits. */
export function bytesValue(field: DescribedField, given: unknown): string | Uint8Array {
  if (field.type === 'chars') {
    if (given === undefined) return ''
    if (typeof given === 'string') return given
  } else {
    if (given === undefined) return new Uint8Array(field.length ?? 0)
    if (given instanceof Uint8Array) return given
    if (typeof given === 'string' && /^([0-9a-fA-F]{2})*$/.test(given)) {
      return Uint8Array.from(given.match(/../g) ?? [], digits => Number.parseInt(digits, 16))
    }
  }
  throw new KhoError('usage', `${field.name}: ${shown(given)} is no ${field.type}`)
}
