import { KhoError } from '../error.js'
import { isByteString, latin1, putLatin1, viewOf } from './bytes.js'
import type { FdtProperty } from './types.js'

/** The NUL-terminated byte strings of a value, or null if it is empty or does not end with a NUL. */
export function stringList(property: FdtProperty): string[] | null {
  const { value } = property
  if (value.length === 0 || value[value.length - 1] !== 0) return null
  return latin1(value.subarray(0, -1)).split('\0')
}

/** A value of 8 bytes as the u64 of a little-endian machine, or null. */
export function nativeU64(property: FdtProperty): bigint | null {
  return property.value.length === 8 ? viewOf(property.value).getBigUint64(0, true) : null
}

/** A value of a multiple of 8 bytes as little-endian u64s, or null. */
export function nativeU64s(property: FdtProperty): bigint[] | null {
  const { value } = property
  if (value.length % 8 !== 0) return null
  const view = viewOf(value)
  return Array.from({ length: value.length / 8 }, (_, index) => view.getBigUint64(index * 8, true))
}

/** A value of 4 bytes as the u32 of a little-endian machine, or null. */
export function nativeU32(property: FdtProperty): number | null {
  return property.value.length === 4 ? viewOf(property.value).getUint32(0, true) : null
}

/** A value of a multiple of 4 bytes as cells, which are big-endian u32s, or null. */
export function cells(property: FdtProperty): number[] | null {
  const { value } = property
  if (value.length % 4 !== 0) return null
  const view = viewOf(value)
  return Array.from({ length: value.length / 4 }, (_, index) => view.getUint32(index * 4))
}

/** The bytes of u64s on a little-endian machine; values are taken modulo 2^64. */
export function nativeU64Bytes(...values: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 8)
  const view = viewOf(bytes)
  values.forEach((value, index) => {
    view.setBigUint64(index * 8, value, true)
  })
  return bytes
}

/** The bytes of u32s on a little-endian machine; values are taken modulo 2^32. */
export function nativeU32Bytes(...values: readonly number[]): Uint8Array {
  return words(values, true)
}

/** The bytes of cells, which are big-endian u32s; values are taken modulo 2^32. */
export function cellBytes(...values: readonly number[]): Uint8Array {
  return words(values, false)
}

function words(values: readonly number[], littleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(values.length * 4)
  const view = viewOf(bytes)
  values.forEach((value, index) => {
    view.setUint32(index * 4, value, littleEndian)
  })
  return bytes
}

/**
 * The bytes of a string list: each with its NUL.
 *
 * @throws KhoError `bad-fdt` for a string with a NUL or a character above U+00FF
 */
export function stringBytes(...values: readonly string[]): Uint8Array {
  const bytes = new Uint8Array(values.reduce((sum, value) => sum + value.length + 1, 0))
  let at = 0
  for (const value of values) {
    if (!isByteString(value)) {
      throw new KhoError('bad-fdt', 'a string of a device tree holds bytes other than NUL, one per character')
    }
    putLatin1(bytes, at, value)
    at += value.length + 1
  }
  return bytes
}
