import { family, WHO } from './define.js'

const COMMON = {
  applies: WHO.kexecMetadata,
  source: 'kho_in_kexec_metadata(): kernel/liveupdate/kexec_handover.c',
} as const

/** What a kernel says of itself to the next one. */
export const KEXEC_METADATA_RULES = family('kexec-metadata', [
  {
    ...COMMON,
    id: 'KEXEC-METADATA-SIZE',
    severity: 'error',
    title: 'kexec-metadata has at least 73 bytes',
    explanation:
      'blob-size is smaller than the structure. The previous release and the count of kexecs are lost.',
    kernel: '"kexec-metadata blob too small for v1 (… < 73)"; the blob is ignored',
    effect: kernel => (kernel.users.kexecMetadata ? 'reported' : 'none'),
  },
  {
    ...COMMON,
    id: 'KEXEC-METADATA-VERSION',
    severity: 'error',
    title: 'kexec-metadata has version 1',
    explanation: 'The version is one that the reader does not know. It ignores the blob.',
    kernel: 'a warning about the version; the blob is ignored',
    effect: kernel => (kernel.users.kexecMetadata ? 'reported' : 'none'),
  },
  {
    ...COMMON,
    id: 'KEXEC-METADATA-RELEASE',
    severity: 'warning',
    title: 'the previous release ends with a NUL',
    explanation:
      'All 65 bytes are used. A reader copies it with strscpy() into as many, and leaves out the last.',
    kernel: 'takes 64 bytes of it, without a word',
    effect: 'none',
  },
])
