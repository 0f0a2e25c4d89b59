/**
 * Something a decoder noticed in the bytes. Decoders never throw on bad data: they keep what is good and
 * say with faults what is not. The code is the stable id of the rule that explains it (`RADIX-SHARED-NODE`).
 */
export interface Fault {
  code: string
  /** One line for a person: what is wrong here, with the values. */
  message: string
  /** Physical address of the offending bytes, where there is one. */
  address: number | null
  /** Path of the structure, in the grammar of the command line, where there is one. */
  path: string | null
  /** Set when the reason is what the dump lacks, not what the state says. */
  absent?: Absence
  /** How many more faults of this code were noticed but not kept. */
  more?: number
}

/** Why the dump has no bytes for an address. */
export type Absence = (typeof ABSENCES)[number]

/** Every {@link Absence}. */
export const ABSENCES = ['outside', 'excluded', 'truncated', 'unreadable'] as const

/** Makes a {@link Fault}. */
export function fault(
  code: string,
  message: string,
  address: number | null = null,
  path: string | null = null,
  absent?: Absence,
): Fault {
  return absent === undefined ? { code, message, address, path } : { code, message, address, path, absent }
}

const LOW_DIGITS = 2 ** 24

/** How this package writes a physical address: lower-case hex without padding. */
export function hex(value: number | bigint): string {
  // V8 takes six times as long for the digits of a number above 2^31 as for two below it.
  if (typeof value === 'bigint' || value < 2 ** 31 || !Number.isSafeInteger(value))
    return `0x${value.toString(16)}`
  const high = Math.floor(value / LOW_DIGITS)
  return `0x${high.toString(16)}${(LOW_DIGITS + (value - high * LOW_DIGITS)).toString(16).slice(1)}`
}
