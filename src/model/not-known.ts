import type { Gap } from '../../formats/blobs/index.js'
import { hex } from '../../formats/memory/fault.js'

/** In place of what rests on bytes that are not there: `null` in JSON, and why. */
export interface NotKnown {
  readonly notKnown: string
}

/** Says why a value, a thing or a list is not known. */
export function notKnown(reason: string): NotKnown {
  return { notKnown: reason }
}

/** Says what the dump lacks. */
export function absent(what: string, { address: at, reason }: Gap): string {
  return `${what} at ${hex(at)} is not in the dump (${reason})`
}

/** True for what is not known. */
export function isNotKnown(value: unknown): value is NotKnown {
  return typeof value === 'object' && value !== null && 'notKnown' in value
}
