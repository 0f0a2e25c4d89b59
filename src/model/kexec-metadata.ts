import type { Blob, KexecMetadata } from '../../formats/blobs/index.js'
import { KEXEC_METADATA as STRUCT } from '../../formats/layout/index.js'
import { count, defineKind, name } from './kind.js'
import { structMemory } from './struct-kind.js'

/** What kernels 7.1 and later say of themselves. */
export const KEXEC_METADATA = defineKind<{ blob: Blob; value: KexecMetadata }>({
  what: 'kexec metadata',
  fields: {
    version: count(({ value }) => value.version, { change: 'version' }),
    previousRelease: name(({ value }) => value.previousRelease, { change: 'version' }),
    kexecCount: count(({ value }) => value.kexecCount, { change: 'content-changed' }),
  },
  memory: ({ blob }, _, path) => structMemory(STRUCT, blob.address!, path),
})
