import { blobPath } from '../../../formats/blobs/index.js'
import { getProperty, subnodes } from '../../../formats/fdt/index.js'
import { KEXEC_METADATA, KEXEC_METADATA_VERSION } from '../../../formats/layout/index.js'
import { viewOf } from '../../../formats/memory/u64.js'
import { type Running, report, silent, step } from './context.js'
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

/**
 * kho_in_debugfs_init(): kernel/kexec_handover.c (6.16 to 6.18), kernel/liveupdate/kexec_handover_debugfs.c (6.19 to 7.3). Every
 * child whose pointer is found becomes a file, whoever it is for; the warnings are the same in all releases.
 */
export function exposeChildren(running: Running): void {
  const { root, kernel, memory } = running
  const { blobProperty, blobSize } = kernel.layout
  if (blobProperty === null) return
  const files = new Set<string>()
  for (const { offset, name } of subnodes(root)) {
    const path = blobPath(name ?? '')
    const warn = (rule: string, message: string) => report(running, rule, `KHO: ${message}`, path)
    const pointer = getProperty(root, offset, blobProperty)
    if (typeof pointer === 'number') continue
    if (pointer.length !== 8) {
      warn('BLOB-PROPERTY', `node ${name} prop ${blobProperty} has invalid length: ${pointer.length}`)
      continue
    }
    if (blobSize && !isWord(getProperty(root, offset, 'blob-size'))) {
      warn('BLOB-PROPERTY', `node ${name} missing or invalid blob-size property`)
      continue
    }
    if (kernel.reads.readsFdtSizes) {
      const address = memory.u64(root.address + pointer.offset)
      const decides = 'the size of a file in debugfs: fdt32_ld() of its FDT'
      step(running, { rule: 'BLOB-ADDRESS', path, decides }, () => rawFdt(memory, address).word(4))
    }
    // lookup_noperm_common(): fs/namei.c; start_creating(): fs/debugfs/inode.c.
    const added = `failed to add ${kernel.layout.blobSize ? 'blob' : 'fdt'} ${name} to debugfs`
    if (name === null) continue
    if (name === '' || name === '.' || name === '..' || name.includes('/'))
      warn('BLOB-NO-READER', `${added}: -EACCES`)
    else if (files.has(name)) warn('ROOT-CHILD-DUPLICATE', `${added}: -EEXIST`)
    files.add(name)
  }
}

function isWord(property: ReturnType<typeof getProperty>): boolean {
  return typeof property !== 'number' && property.length === 8
}

/** Names that a kernel's own users ask for. */
const OWN = ['memblock', 'LUO', 'kho_test', 'kexec-metadata']

/**
 * Children that none of a kernel's own users asks for, and that nobody else could take: what they hand over is lost. A module
 * would be told -EINVAL by kho_retrieve_subtree(); what debugfs says of them, exposeChildren() has.
 */
export function checkForeign(running: Running): void {
  for (const { name } of subnodes(running.root)) {
    if (name === null || name === '' || OWN.some(own => name === own || name.startsWith(`${own}@`))) continue
    const found = retrieveSubtree(running, name)
    if (found.kind === 'broken') silent(running, 'BLOB-PROPERTY', found.why, blobPath(name))
  }
}
