import { totalSize } from '../../formats/fdt/index.js'
import { KEXEC_METADATA } from '../../formats/layout/index.js'
import { hex } from '../../formats/memory/fault.js'
import { viewOf } from '../../formats/memory/u64.js'
import type { DamageTable, DamageTarget } from './damage.js'
import { blobOf, blobSizeAt, childWithBlob, editRoot } from './fields.js'
import { cannotBreak } from './target.js'

/** Blobs that are FDTs: where they are, and under which name. */
function fdtBlobs(target: DamageTarget): { name: string; address: number; size: number }[] {
  return target.blobs().flatMap(({ name, address, value }) => {
    if (address === null || address === 0 || value === null) return []
    const size = totalSize(target.read(address, 8))
    return size === null ? [] : [{ name, address, size }]
  })
}

const NOBODY = 'nobodys-state'

/** Blobs of any kind, and kexec-metadata. */
export const blobDamages: DamageTable = {
  'BLOB-NO-READER': {
    about: 'a child is called as nobody asks for it',
    apply(target) {
      const { child, pointer, properties } = childWithBlob(target)
      editRoot(target, editor => {
        editor.addSubnode('/', NOBODY)
        for (const { name, value } of properties) editor.setProperty(`/${NOBODY}`, name, value)
      })
      return `child ${NOBODY} added, with the ${pointer.name} of ${child.path}`
    },
  },
  'BLOB-ABSENT': {
    about: 'a blob is not in the dump',
    apply(target) {
      const { child, pointer } = childWithBlob(target)
      const address = target.u64(target.root + pointer.offset)
      target.remove(address)
      return `the page ${hex(address)} of ${child.path} taken out`
    },
  },
  'BLOB-FDT-INVALID': {
    about: 'the structure block of an FDT that is a blob is broken',
    apply(target) {
      const { name, address } = target.pick(fdtBlobs(target), 'blob that is an FDT')
      const start = viewOf(target.read(address + 8, 4)).getUint32(0)
      target.write(address + start, Uint8Array.of(0, 0, 0, 0x7f))
      return `the first token of ${name}, at ${hex(address + start)}, is 0x7f`
    },
  },
  'BLOB-FDT-SIZE': {
    about: 'an FDT is longer than its blob-size says',
    apply(target) {
      if (!target.abi.blobSize) throw cannotBreak('blob-size')
      const { name, size } = target.pick(fdtBlobs(target), 'blob that is an FDT')
      target.write64(blobSizeAt(target, name), size - 4)
      return `blob-size of ${name} is ${size - 4}, its FDT has ${size} bytes`
    },
  },
  'KEXEC-METADATA-VERSION': {
    about: 'kexec-metadata is of a version that no reader knows',
    apply(target) {
      const { address } = blobOf(target, 'kexec-metadata')
      const version = 2 + target.random.below(100)
      target.write32(address, version)
      return `version ${version} at ${hex(address)}`
    },
  },
  'KEXEC-METADATA-SIZE': {
    about: 'kexec-metadata is shorter than its version says',
    apply(target) {
      const { blob } = blobOf(target, 'kexec-metadata')
      const size = 4 + target.random.below(KEXEC_METADATA.size - 4)
      target.write64(blobSizeAt(target, blob.name), size)
      return `blob-size is ${size}`
    },
  },
  'KEXEC-METADATA-RELEASE': {
    about: 'the release in kexec-metadata has no NUL',
    apply(target) {
      const { address } = blobOf(target, 'kexec-metadata')
      target.write(address + 4, new Uint8Array(65).fill(0x78))
      return `65 characters at ${hex(address + 4)}`
    },
  },
}
