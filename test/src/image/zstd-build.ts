/** One block of a zstd frame. */
export type ZstdBlock = { raw: Uint8Array } | { rle: number; count: number }

export interface ZstdFrameOptions {
  contentSize?: number | null
  /** Low 32 bits of XXH64, or null for a frame without. */
  checksum?: number | null
  /** Window descriptor; default 64 KiB. */
  window?: number
}

/** A zstd frame of blocks that need no entropy coder. */
export function zstdFrame(blocks: readonly ZstdBlock[], options: ZstdFrameOptions = {}): Uint8Array {
  const { contentSize = null, checksum = null, window = 0x30 } = options
  const bytes: number[] = [0x28, 0xb5, 0x2f, 0xfd]
  bytes.push((contentSize === null ? 0 : 0xc0) | (checksum === null ? 0 : 4), window)
  if (contentSize !== null) bytes.push(...le(BigInt(contentSize), 8))
  blocks.forEach((block, i) => {
    const [type, size] = 'raw' in block ? [0, block.raw.length] : [1, block.count]
    bytes.push(...le(BigInt((i === blocks.length - 1 ? 1 : 0) + type * 2 + size * 8), 3))
    if ('raw' in block) for (const byte of block.raw) bytes.push(byte)
    else bytes.push(block.rle)
  })
  if (checksum !== null) bytes.push(...le(BigInt(checksum), 4))
  return Uint8Array.from(bytes)
}

/** A skippable frame. */
export function skippableFrame(contents: Uint8Array): Uint8Array {
  return Uint8Array.from([0x5a, 0x2a, 0x4d, 0x18, ...le(BigInt(contents.length), 4), ...contents])
}

function le(value: bigint, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn))
}
