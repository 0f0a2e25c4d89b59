import * as z from 'zod'
import { ADDRESS_LIMIT } from '../../formats/memory/geometry.js'

const SUFFIX: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 }

/** Reads `4096`, `0x1000` or `64M`; null for anything else. */
function readQuantity(text: string): number | null {
  if (/^0x[0-9a-fA-F]+$/.test(text)) return Number(text)
  const match = /^([0-9]+)([KMGT]?)$/.exec(text)
  return match === null ? null : Number(match[1]) * (SUFFIX[match[2]!] as number)
}

function quantity(what: string, example: string, least: number) {
  return z.union([z.number(), z.string()]).transform((given, context) => {
    const value = typeof given === 'string' ? readQuantity(given) : given
    if (value !== null && Number.isInteger(value) && value >= least && value < ADDRESS_LIMIT) return value
    context.addIssue({ code: 'custom', message: `expected ${what}, such as ${example}` })
    return z.NEVER
  })
}

/** A physical address below 2^52, as a number or text. */
export const ADDRESS = quantity('a physical address', '0x100000000 or 4G', 0)

/** A number of bytes, at least 1. */
export const SIZE = quantity('a size in bytes', '64K or 2M', 1)

/** A number of bytes, or 0. */
export const SIZE_OR_ZERO = quantity('a size in bytes', '0 or 64K', 0)

/** A number of things, at least 1. */
export const COUNT = quantity('a count of at least 1', '512', 1)

/** A number of things, or 0. */
export const COUNT_OR_ZERO = quantity('a count', '0 or 6173', 0)

/** `START-END`, END exclusive, or { start, end }. */
export const RANGE = z
  .union([z.string(), z.object({ start: ADDRESS, end: ADDRESS }).strict()])
  .transform((given, context) => {
    const range = typeof given === 'string' ? splitRange(given) : given
    if (range !== null && range.end > range.start && range.end < ADDRESS_LIMIT) return range
    context.addIssue({
      code: 'custom',
      message: 'expected a range START-END with END after START, such as 4G-20G',
    })
    return z.NEVER
  })

function splitRange(text: string): { start: number; end: number } | null {
  const [start, end, more] = text.split('-').map(readQuantity)
  if (more !== undefined || start === undefined || start === null) return null
  return end === undefined || end === null ? null : { start, end }
}

/** A u64 that is no address: a token, a handle, a seal mask. */
export const U64 = z.union([z.number(), z.string(), z.bigint()]).transform((given, context) => {
  const text = String(given)
  const fits = /^(0x[0-9a-fA-F]{1,16}|[0-9]{1,20})$/.test(text)
  const value = fits ? BigInt(text) : null
  if (value !== null && value < 2n ** 64n && !(typeof given === 'number' && !Number.isSafeInteger(given)))
    return value
  context.addIssue({ code: 'custom', message: 'expected a number of 64 bits, such as 17 or "0xfeedf00d"' })
  return z.NEVER
})
