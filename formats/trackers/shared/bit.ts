/** Sets bit `bit` of a kernel bitmap. */
export function setBit(bytes: Uint8Array, bit: number): void {
  bytes[bit >>> 3] = bytes[bit >>> 3]! | (1 << (bit & 7))
}

/** Clears bit `bit`; false where it was clear. */
export function clearBit(bytes: Uint8Array, bit: number): boolean {
  const mask = 1 << (bit & 7)
  const had = (bytes[bit >>> 3]! & mask) !== 0
  bytes[bit >>> 3] = bytes[bit >>> 3]! & ~mask
  return had
}
