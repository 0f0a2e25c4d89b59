import type { Blob } from '../../formats/blobs/index.js'
import { type AbiName, handlersOf, type Kernel } from '../../formats/kernels/index.js'
import type { KhoState } from '../image/state.js'

/** What is handed over, as far as it decides who can take it: names and versions. Byte strings. */
export interface Offer {
  /** How it is called: a release, or a file. */
  name: string
  /** The layout, by which the kernel that wrote it is known. */
  abi: AbiName
  /** Element of the root's `compatible`. */
  compatible: string
  /** LUO's compatible string; null without LUO. */
  luo: string | null
  /** Compatible strings of preserved files, each once. */
  handlers: string[]
  /** Names of objects bound to files. */
  flbs: string[]
  /** Names of the root's children. */
  children: string[]
  /** What could not be read, so that there may be more of all that. */
  unread: string[]
}

/** What a kernel can hand over. */
export function kernelOffer(kernel: Kernel): Offer {
  const { layout, users, release } = kernel
  return {
    name: release,
    abi: layout.name,
    compatible: layout.compatible,
    luo: users.luo?.version ?? null,
    handlers: users.luo === null ? [] : [...handlersOf(kernel)],
    flbs: [],
    children: [
      ...(users.memblock === null ? [] : ['memblock']),
      ...(users.kexecMetadata ? ['kexec-metadata'] : []),
    ],
    unread: [],
  }
}

/** What a state hands over. */
export function stateOffer(state: KhoState, name: string): Offer {
  const offer: Offer = {
    name,
    abi: state.abi,
    compatible: state.compatible,
    luo: null,
    handlers: [],
    flbs: [],
    children: [],
    unread: [],
  }
  for (const blob of state.blobs()) addBlob(offer, blob)
  return { ...offer, handlers: [...new Set(offer.handlers)], flbs: [...new Set(offer.flbs)] }
}

function addBlob(offer: Offer, { name, path, value }: Blob): void {
  offer.children.push(name)
  if (value === null) {
    offer.unread.push(path)
    return
  }
  if (value.kind !== 'luo') return
  offer.luo = value.compatible
  if (value.gap !== null) offer.unread.push(`${path}/sessions`)
  for (const session of value.sessions) offer.handlers.push(...session.files.map(file => file.compatible))
  offer.flbs.push(...(value.flbs?.entries.map(flb => flb.name) ?? []))
}
