import { hex, latin1 } from './bytes.js'
import type { FdtHeader, FdtProblemCode } from './types.js'
import { FDT_MAX_NAME } from './types.js'

/** Why there is no name at an offset. */
export interface NameFailure {
  code: FdtProblemCode
  message: string
}

/**
 * A look-up in the strings block by `nameoff`. Each offset is decoded once, and never more than
 * {@link FDT_MAX_NAME} bytes of it, so overlapping names cannot make it slow.
 *
 * @param bytes the blob, cut to its totalsize
 */
export function createNameTable(
  bytes: Uint8Array,
  header: FdtHeader,
): (nameOffset: number) => string | NameFailure {
  const known = new Map<number, string | NameFailure>()
  const limit = Math.min(bytes.length, header.offDtStrings + header.sizeDtStrings)
  return nameOffset => {
    const seen = known.get(nameOffset)
    if (seen !== undefined) return seen
    const name = nameAt(bytes, header.offDtStrings, nameOffset, limit)
    known.set(nameOffset, name)
    return name
  }
}

function nameAt(bytes: Uint8Array, start: number, nameOffset: number, limit: number): string | NameFailure {
  const at = start + nameOffset
  if (at >= limit) {
    const size = Math.max(0, limit - start)
    return {
      code: 'BADOFFSET',
      message: `name offset ${hex(nameOffset)} is outside the ${hex(size)} bytes of names`,
    }
  }
  const window = bytes.subarray(at, Math.min(limit, at + FDT_MAX_NAME + 1))
  const length = window.indexOf(0)
  if (length >= 0) return latin1(window.subarray(0, length))
  if (at + window.length === limit) {
    return {
      code: 'TRUNCATED',
      message: `the name at offset ${hex(nameOffset)} has no NUL before the block’s end`,
    }
  }
  const message = `the name at offset ${hex(nameOffset)} has more than the ${FDT_MAX_NAME} bytes that are read`
  return { code: 'TOO-LONG', message }
}
