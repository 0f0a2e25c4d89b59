import type { GuestFile } from '../guest/retrieve.js'
import type { JsonValue } from './json.js'

/** A memfd as user space of a guest saw it; its schema is `guestFile`. */
export function guestFileJson({ session, token, size, sha256, position, seals }: GuestFile): JsonValue {
  return { session, token: String(token), size, sha256, position, seals }
}
