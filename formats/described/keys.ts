import { KhoError } from '../error.js'
import type { DescribedField } from './description.js'

/** A C name as the rest of the tree writes names: `nr_devices` is `nrDevices`. */
export function keyOf(name: string): string {
  return name.replace(/(?<=[A-Za-z0-9])_+([A-Za-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

/** What a field is called in the tree: what it leads to has its own name, the address is beside it. */
function keysOf({ name, to, bits }: DescribedField): string[] {
  const key = keyOf(name)
  const keys = [key]
  if (to?.kind === 'vmalloc') keys.push(vmallocKey(key))
  else if (to?.kind === 'tail') keys.push(TAIL_KEY)
  else if (to !== null) keys.push(addressKey(key))
  if (bits.length > 0) keys.push(bitsKey(key))
  return keys
}

/** What follows a structure. */
export const TAIL_KEY = 'entries'

/** The address that a field holds. */
export function addressKey(key: string): string {
  return `${key}Address`
}

/** The descriptor of the area that a list is in. */
export function vmallocKey(key: string): string {
  return `${key}Vmalloc`
}

/** The parts of a word. */
export function bitsKey(key: string): string {
  return `${key}Bits`
}

/**
 * Refuses fields of which two would be called the same.
 *
 * @throws KhoError `usage`
 */
export function checkNames(struct: string, fields: readonly DescribedField[]): void {
  const seen = new Set<string>()
  for (const field of fields) {
    for (const key of keysOf(field)) {
      if (seen.has(key)) throw new KhoError('usage', `structure ${struct}: two things are called ${key}`)
      seen.add(key)
    }
  }
}
