import type { Blob } from '../../formats/blobs/index.js'
import { describedValue } from '../../formats/described/index.js'
import type { KernelFile } from '../../formats/kernel-files/index.js'
import { type AbiName, handlersOf, type Kernel } from '../../formats/kernels/index.js'
import type { KhoState } from '../image/state.js'
import { describedOf } from '../model/described-index.js'

/** What is handed over, as far as it decides who can take it: names and versions. Byte strings. */
export interface Offer {
  /** How it is called: a release, or a file. */
  name: string
  /** The layout, by which the kernel that wrote it is known. */
  abi: AbiName
  /** Machine that wrote it, as `uname -m` says it; null where that is not known. */
  machine: string | null
  /** Bytes of a page there; null where that is not known. */
  pageSize: number | null
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
  /** Of what tells its format by feature flags, as posted: what a reader must know. */
  features: OfferedFeatures[]
  /** What could not be read, so that there may be more of all that. */
  unread: string[]
}

/** One component's mask. */
export interface OfferedFeatures {
  /** As the kernel's list of features has it: `luo`, or a handler. */
  name: string
  required: bigint
}

/** Masks of files whose layout has some: of each handler, all that its files require. */
function fileFeatures(state: KhoState): OfferedFeatures[] {
  const masks = new Map<string, bigint>()
  const { owners } = describedOf(state)
  for (const blob of state.blobs()) {
    if (blob.value?.kind !== 'luo') continue
    for (const { compatible, path } of blob.value.sessions.flatMap(session => session.files)) {
      const node = owners.get(path)?.node ?? null
      const features = node === null ? undefined : describedValue(node).features
      const required = (features as { req?: unknown } | undefined)?.req
      if (typeof required === 'bigint') masks.set(compatible, (masks.get(compatible) ?? 0n) | required)
    }
  }
  return [...masks].map(([name, required]) => ({ name, required }))
}

/** What a kernel can hand over. */
export function kernelOffer(kernel: Kernel): Offer {
  const { layout, users, release } = kernel
  return {
    name: release,
    abi: layout.name,
    machine: null,
    pageSize: null,
    compatible: layout.compatible,
    luo: users.luo?.version ?? null,
    handlers: users.luo === null ? [] : [...handlersOf(kernel)],
    flbs: [],
    children: [
      ...(users.memblock === null ? [] : ['memblock']),
      ...(users.kexecMetadata ? ['kexec-metadata'] : []),
    ],
    features: [],
    unread: [],
  }
}

/** What a kernel can hand over whose file lists it: what it writes by feature flags, or in which versions, as posted. */
export function fileOffer(file: KernelFile, kernel: Kernel, name: string): Offer {
  const { features, versions } = file.sections
  const { machine, pageSize } = file
  const offer = {
    ...kernelOffer(kernel),
    name,
    machine,
    pageSize,
    compatible: file.kho[0] ?? kernel.layout.compatible,
  }
  if (features.length > 0) {
    return {
      ...offer,
      handlers: features.filter(feature => feature.name !== 'luo').map(feature => feature.name),
      features: features.map(feature => ({ name: feature.name, required: feature.required })),
    }
  }
  // What begins as LUO's own string does is that; which of the others are handlers the list does not say.
  const luo = versions.find(text => text.startsWith('luo-v')) ?? file.luo[0]
  return {
    ...offer,
    luo: luo ?? offer.luo,
    handlers: versions.length === 0 ? offer.handlers : versions.filter(text => text !== luo),
  }
}

/** What a state hands over. */
export function stateOffer(state: KhoState, name: string): Offer {
  const offer: Offer = {
    name,
    abi: state.abi,
    machine: state.image.dump.machine,
    pageSize: state.geometry.pageSize,
    compatible: state.compatible,
    luo: null,
    handlers: [],
    flbs: [],
    children: [],
    features: fileFeatures(state),
    unread: [],
  }
  for (const blob of state.blobs()) addBlob(offer, blob)
  return offer
}

function distinct(names: readonly string[]): string[] {
  return [...new Set(names)]
}

function addBlob(offer: Offer, { name, path, value }: Blob): void {
  offer.children.push(name)
  if (value === null) {
    offer.unread.push(path)
    return
  }
  if (value.kind !== 'luo') return
  offer.luo = value.compatible
  if (value.features !== null) offer.features.unshift({ name: 'luo', required: value.features.required })
  if (value.gap !== null) offer.unread.push(`${path}/sessions`)
  const files = value.sessions.flatMap(session => session.files)
  offer.handlers = distinct([...offer.handlers, ...files.map(file => file.compatible)])
  offer.flbs = distinct([...offer.flbs, ...(value.flbs?.entries ?? []).map(flb => flb.name)])
}
