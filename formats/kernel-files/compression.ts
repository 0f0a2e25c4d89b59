/** How a kernel's payload can be packed: the choices of CONFIG_KERNEL_*, init/Kconfig, 7.3. */
export type Compression = 'gzip' | 'bzip2' | 'lzma' | 'xz' | 'lzo' | 'lz4' | 'zstd'

/**
 * Unpacks one stream; what follows it in `bytes` is no part of it. Handed in, since formats know no decompressors.
 *
 * Throws a KhoError `missing` for a method that is not to be had, `unreadable` for a broken stream.
 */
export type Unpack = (method: Compression, bytes: Uint8Array) => Uint8Array

/** First bytes of a stream of each kind, as scripts/extract-vmlinux looks for them. */
const MAGICS: readonly (readonly [Compression, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b, 0x08]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['lzma', [0x5d, 0x00, 0x00]],
  ['lzo', [0x89, 0x4c, 0x5a]],
  ['lz4', [0x02, 0x21, 0x4c, 0x18]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
]

/** The packing that a stream's first bytes announce, or null. */
export function compressionOf(bytes: Uint8Array): Compression | null {
  return MAGICS.find(([, magic]) => magic.every((byte, n) => bytes[n] === byte))?.[0] ?? null
}
