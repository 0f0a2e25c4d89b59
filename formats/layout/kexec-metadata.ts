import { defineStruct } from './struct.js'

/** Which kernel handed over, and how often that has happened. Packed: the count is unaligned. */
export const KEXEC_METADATA = defineStruct('kho_kexec_metadata', {
  since: '7.1',
  source: 'include/linux/kho/abi/kexec_metadata.h',
  size: 73,
  fields: [
    { name: 'version', type: 'u32', offset: 0, doc: '1' },
    { name: 'previousRelease', type: 'chars', offset: 4, length: 65, doc: 'utsname release of the writer' },
    { name: 'kexecCount', type: 'u32', offset: 69, doc: 'kexecs since the cold boot, this one included' },
  ],
})

/** The version that 7.1 and 7.2 write and read. */
export const KEXEC_METADATA_VERSION = 1
