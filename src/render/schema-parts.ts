import { z } from 'zod'
import { ABSENCES } from '../../formats/memory/fault.js'
import { SEVERITIES } from '../rules/rule.js'

/** A physical address, or a u64 without a meaning to us: lower-case hex without padding. */
export const hexNumber = z.string().regex(/^0x(0|[1-9a-f][0-9a-f]*)$/)
/** A u64 that people write in decimal. */
export const decimal = z.string().regex(/^(0|[1-9][0-9]*)$/)
export const count = z.int().nonnegative()
/** A byte string: one character, U+0000 to U+00FF, for each byte. */
export const byteString = z.string().describe('one character, U+0000 to U+00FF, for each byte')
/** Why a dump has no bytes at an address. */
export const absence = z.enum(ABSENCES)
/** Two lower-case hex digits a byte. */
export const hexBytes = z.string().regex(/^([0-9a-f]{2})*$/)

export const range = z.strictObject({ start: hexNumber, end: hexNumber })

export const finding = z.strictObject({
  rule: z.string().regex(/^[A-Z0-9]+(-[A-Z0-9]+)*$/),
  severity: z.enum(SEVERITIES),
  message: z.string(),
  path: z.string().nullable(),
  address: hexNumber.nullable(),
  offset: count.nullable(),
  count: count,
})

/** An off_t: a broken state can make anything of it. */
const exact = z.int().nullable().describe('null where no JSON number is exact')

/** A memfd as user space of a guest saw it. */
export const guestFile = z.strictObject({
  session: byteString,
  token: decimal,
  size: exact,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  position: exact,
  seals: count.describe('F_SEAL_ mask'),
})
