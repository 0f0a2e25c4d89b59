import { KEXEC_METADATA, KEXEC_METADATA_VERSION } from '../layout/index.js'
import type { Place } from '../memory/range.js'
import type { PageAllocator } from './allocator.js'
import { type BlobContext, quote, readStruct } from './context.js'
import type { Blob } from './types.js'

/** Bytes of the version, without which there is nothing to be told. */
const VERSION_SIZE = 4

/**
 * Decodes the blob of the child `kexec-metadata`. What kho_in_kexec_metadata() of 7.2 would ignore is decoded all the same. Like it,
 * this one has nothing against the size of a version that it does not know.
 */
export function decodeKexecMetadata(context: BlobContext, blob: Blob, address: number): void {
  const { path, size } = blob
  const say = (code: string, message: string) => context.fault(code, message, address, path)
  if (size !== null && size < VERSION_SIZE) {
    say('KEXEC-METADATA-SIZE', `kexec-metadata blob too small (${size} bytes)`)
  }
  const value = readStruct(context, KEXEC_METADATA, 'BLOB-ABSENT', address, path)
  if (value === null) return
  blob.value = { kind: 'kexec-metadata', ...value }
  blob.size ??= KEXEC_METADATA.size
  if (value.version !== KEXEC_METADATA_VERSION) {
    say('KEXEC-METADATA-VERSION', `kexec-metadata version ${value.version}, not ${KEXEC_METADATA_VERSION}`)
    return
  }
  blob.format = 'kexec-metadata-1'
  if (size !== null && size >= VERSION_SIZE && size < KEXEC_METADATA.size) {
    say('KEXEC-METADATA-SIZE', `kexec-metadata blob too small for v1 (${size} < ${KEXEC_METADATA.size})`)
  }
  if (value.previousRelease.length === 65) {
    say('KEXEC-METADATA-RELEASE', `release ${quote(value.previousRelease)} has no NUL`)
  }
}

/** Writes a struct kho_kexec_metadata. */
export function encodeKexecMetadata(
  allocator: PageAllocator,
  value: { previousRelease: string; kexecCount: number },
): Place {
  const page = allocator.allocate(1)
  KEXEC_METADATA.write(page.bytes, 0, { version: KEXEC_METADATA_VERSION, ...value })
  return { address: page.address, size: KEXEC_METADATA.size }
}
