import { KhoError } from '../error.js'
import { isByteString, quote } from './bytes.js'
import { FDT_MAX_DEPTH, FDT_MAX_NAME } from './types.js'

/** libfdt's NOSPACE. */
export function noSpace(needed: number, size: number): KhoError {
  return new KhoError('no-space', `the device tree needs ${needed} bytes, and there are ${size} (NOSPACE)`)
}

/** libfdt's BADSTATE, EXISTS and NOTFOUND. */
export function badSequence(message: string): KhoError {
  return new KhoError('bad-sequence', message)
}

/** Refuses names that cannot be written, or not be read again. */
export function checkName(kind: 'node' | 'property', name: string): void {
  if (!isByteString(name)) {
    throw new KhoError('bad-fdt', `the ${kind} name ${quote(name)} holds a NUL or a character above U+00FF`)
  }
  if (name.length > FDT_MAX_NAME) {
    throw new KhoError('bad-fdt', `the ${kind} name ${quote(name)} has more than ${FDT_MAX_NAME} bytes`)
  }
}

/** Refuses to go deeper than the reader does. */
export function checkDepth(depth: number): void {
  if (depth > FDT_MAX_DEPTH) {
    throw new KhoError('bad-fdt', `a node at level ${depth}, past the ${FDT_MAX_DEPTH} that are read`)
  }
}

/** Refuses a length that is no whole number of bytes. */
export function checkLength(length: number): void {
  if (!Number.isInteger(length) || length < 0)
    throw new KhoError('bad-fdt', `${length} is no length of a value`)
}
