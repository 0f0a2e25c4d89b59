import { hex, viewOf } from './bytes.js'
import type { ProblemList } from './errors.js'
import type { FdtReservation } from './types.js'

/** Two u64: address and size. */
export const RESERVATION_SIZE = 16

/** A part of the blob that the map must not run into. */
export interface Section {
  name: string
  start: number
  end: number
}

/** The reserve map, and where it ends: behind its terminator, or where it breaks. */
export interface ReservationReading {
  reservations: FdtReservation[]
  end: number
}

/**
 * Reads the entries up to the one whose size is zero, which is where libfdt and dtc stop.
 *
 * @param bytes the blob, cut to its totalsize
 * @param start off_mem_rsvmap
 */
export function readReservations(
  bytes: Uint8Array,
  start: number,
  others: readonly Section[],
  problems: ProblemList,
): ReservationReading {
  const reservations: FdtReservation[] = []
  const view = viewOf(bytes)
  const stop = others
    .filter(other => other.end > other.start && other.end > start)
    .reduce((first, other) => (other.start < first.start ? other : first), {
      name: 'end of the blob',
      start: bytes.length,
    })
  for (let at = start; ; at += RESERVATION_SIZE) {
    if (at + RESERVATION_SIZE > stop.start) {
      const message = `the reserve map from ${hex(start)} has no end before the ${stop.name} at ${hex(stop.start)}`
      problems.error('TRUNCATED', at, message)
      return { reservations, end: at }
    }
    const address = view.getBigUint64(at)
    const size = view.getBigUint64(at + 8)
    if (size === 0n) {
      if (address !== 0n) {
        const message = `the reserve map ends at an entry of size 0 with address 0x${address.toString(16)}`
        problems.warning('EMPTY-RESERVATION', at, message)
      }
      return { reservations, end: at + RESERVATION_SIZE }
    }
    reservations.push({ address, size })
  }
}
