import { type KhoImage, type OpenOptions, openMemory } from '../image/open.js'
import { WEB_IO } from './web-io.js'

/** How bytes in memory are opened: an image in memory has no further parts. */
export type OpenBytesOptions = Omit<OpenOptions, 'parts'>

/**
 * Opens a dump that is in memory, compressed or not. The bytes are not copied: whoever changes them changes the image.
 *
 * @throws KhoError `unreadable`, `unknown-format` or `unsupported` about the bytes, `usage` about the options.
 */
export async function openBytes(
  bytes: Uint8Array | ArrayBuffer,
  options: OpenBytesOptions = {},
): Promise<KhoImage> {
  return openMemory(bytes, options, WEB_IO, () => {})
}
