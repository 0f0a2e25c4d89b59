import { vmcoreinfoValue } from '../../formats/dumps/vmcoreinfo.js'
import type { KhoState } from '../image/state.js'

/** The kernel that wrote a state. */
export interface WriterStat {
  /** Its release; a byte string. Null where nothing says. */
  release: string | null
  /** Where that is known from, or why it is not. */
  evidence: string
  abi: string
  /** Kexecs since the cold boot, the one at hand included; null where nothing says. */
  kexecCount: number | null
}

/** Release of the kernel whose memory the dump shows; null where the container does not say. */
export function dumpedRelease({ image }: KhoState): string | null {
  return vmcoreinfoValue(image.dump.vmcoreinfo, 'OSRELEASE')
}

/**
 * Who wrote it. Kernels from 7.1 on say so themselves. An outgoing state is the work of the kernel that the dump shows; of an
 * incoming one that kernel is the reader.
 */
export function writerOf(state: KhoState): WriterStat {
  const { abi, root } = state
  const blob = state.blobs().find(({ path }) => path === 'kexec-metadata')
  if (blob?.value?.kind === 'kexec-metadata') {
    const { previousRelease, kexecCount } = blob.value
    return { release: previousRelease, evidence: 'kexec-metadata', abi, kexecCount }
  }
  const dumped = dumpedRelease(state)
  if (root.direction === 'outgoing' && dumped !== null) {
    return { release: dumped, evidence: 'VMCOREINFO', abi, kexecCount: null }
  }
  const evidence = blob?.value === null ? 'kexec-metadata is not in the dump' : 'it says nothing of itself'
  return { release: null, evidence, abi, kexecCount: null }
}
