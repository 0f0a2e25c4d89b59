import { blobPath } from '../../../formats/blobs/index.js'
import { getProperty, subnodes } from '../../../formats/fdt/index.js'
import { KEXEC_METADATA, KEXEC_METADATA_VERSION } from '../../../formats/layout/index.js'
import { viewOf } from '../../../formats/memory/u64.js'
import { type Running, report, step } from './context.js'
import { rawFdt } from './raw-fdt.js'
import { retrieveSubtree, type Subtree } from './subtree.js'

/** kho_in_kexec_metadata(): kernel/liveupdate/kexec_handover.c, 7.1 to 7.3. */
export function readMetadata(running: Running, found: Subtree): void {
  const path = 'kexec-metadata'
  if (found.kind === 'broken' && found.warned) report(running, 'BLOB-PROPERTY', found.why, path)
  if (found.kind !== 'found') return
  const { address } = found
  const size = found.size ?? 0n
  if (size < 4n) {
    report(running, 'KEXEC-METADATA-SIZE', `kexec-metadata blob too small (${size} bytes)`, path, address)
    return
  }
  const what = {
    rule: 'BLOB-ADDRESS',
    path,
    decides: 'from which kernel, and after how many, this one says it comes',
  }
  step(running, what, () => {
    const version = viewOf(running.memory.read(address, 4)).getUint32(0, true)
    if (version !== KEXEC_METADATA_VERSION) {
      const message = `kexec-metadata version ${version} not supported (expected ${KEXEC_METADATA_VERSION})`
      report(running, 'KEXEC-METADATA-VERSION', message, path, address)
    } else if (size < BigInt(KEXEC_METADATA.size)) {
      const message = `kexec-metadata blob too small for v1 (${size} < ${KEXEC_METADATA.size})`
      report(running, 'KEXEC-METADATA-SIZE', message, path, address)
    } else {
      running.memory.read(address, KEXEC_METADATA.size)
    }
  })
}

/** kho_in_debugfs_init(), to 7.0: the totalsize of each child's blob is read, whoever it is for. */
export function exposeFdts(running: Running): void {
  const { root, kernel, memory } = running
  if (!kernel.reads.readsFdtSizes || kernel.layout.blobProperty === null) return
  for (const { offset, name } of subnodes(root)) {
    const pointer = getProperty(root, offset, kernel.layout.blobProperty)
    if (typeof pointer === 'number' || pointer.length !== 8) continue
    if (name === '' && kernel.reads.saysNameless) {
      report(running, 'BLOB-NO-READER', 'failed to add fdt  to debugfs: -EACCES', blobPath(name))
    }
    const address = memory.u64(root.address + pointer.offset)
    const path = blobPath(name ?? '')
    const decides = 'the size of a file in debugfs: fdt32_ld() of its FDT'
    step(running, { rule: 'BLOB-ADDRESS', path, decides }, () => rawFdt(memory, address).word(4))
  }
}

/** Names that a kernel's own users ask for. */
const OWN = ['memblock', 'LUO', 'kho_test', 'kexec-metadata']

/** Children that only modules can ask for, and do so without luck: -EINVAL is theirs to report. */
export function checkForeign(running: Running): void {
  for (const { name } of subnodes(running.root)) {
    if (name === null || name === '' || OWN.some(own => name === own || name.startsWith(`${own}@`))) continue
    const found = retrieveSubtree(running, name)
    if (found.kind === 'broken') report(running, 'BLOB-PROPERTY', found.why, blobPath(name))
  }
}
