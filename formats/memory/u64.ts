/**
 * A native (little-endian) u64 as a number. Exact below 2^53; larger values come back inexact but still at or above
 * 2^53, so that a comparison with ADDRESS_LIMIT rejects them. Never allocates.
 */
export function u64(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 0x1_0000_0000
}

/** Writes a number below 2^53 as a native u64. */
export function setU64(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value % 0x1_0000_0000, true)
  view.setUint32(offset + 4, Math.floor(value / 0x1_0000_0000), true)
}

/** A DataView over the same bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
