import type { GuestFile } from '../guest/retrieve.js'
import type { JsonOf } from './json.js'
import type { guestFile } from './schema-parts.js'

/** A memfd as user space of a guest saw it; its schema is `guestFile`. */
export function guestFileJson({
  session,
  token,
  size,
  sha256,
  position,
  seals,
}: GuestFile): JsonOf<typeof guestFile> {
  return { session, token: String(token), size: exact(size), sha256, position: exact(position), seals }
}

function exact(value: bigint): number | null {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : null
}
