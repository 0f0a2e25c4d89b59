import { defineStruct } from '../layout/index.js'
import { findBytes } from '../memory/search.js'

/** A component as a kernel lists it for user space to read: RFC "Move to feature flags", September 2026. */
export interface KernelFeature {
  /** `luo`, `memfd` … */
  name: string
  /** Bytes of the masks. */
  featureBytes: number
  /** What it can read, what a reader of its state must know, and what it writes. */
  supported: bigint
  required: bigint
  active: bigint
}

const SOURCE = 'RFC "liveupdate: Move to feature flags", September 2026'

/** Header of the sections `.liveupdate_features` and, earlier, `.liveupdate_versions`. */
export const VERSION_SECTION = defineStruct('liveupdate_section_hdr', {
  since: 'posted, not merged',
  source: SOURCE,
  size: 8,
  fields: [
    { name: 'magic', type: 'u32', offset: 0, doc: 'LVUP' },
    { name: 'version', type: 'u32', offset: 4, doc: '1' },
  ],
})

/** An entry of `.liveupdate_features`. */
export const KERNEL_FEATURE = defineStruct('liveupdate_feature', {
  since: 'posted, not merged',
  source: SOURCE,
  size: 80,
  fields: [
    { name: 'name', type: 'chars', length: 48, offset: 0, doc: 'component' },
    { name: 'featureBytes', type: 'u32', offset: 48, doc: 'bytes of the masks' },
    { name: 'reserved', type: 'u32', offset: 52, doc: '0' },
    { name: 'supported', type: 'u64', offset: 56, doc: 'what it can read' },
    { name: 'required', type: 'u64', offset: 64, doc: 'what its readers must know' },
    { name: 'active', type: 'u64', offset: 72, doc: 'what it writes' },
  ],
})

const MAGIC = 0x4c565550
const NAME_BYTES = 48

/** What the sections of a kernel say; both lists are empty where it has none. */
export interface VersionSections {
  features: KernelFeature[]
  /** Compatible strings of the older posting. */
  versions: string[]
}

/**
 * Both posted sections, found by their magic: a stripped kernel has no section headers. Entries follow the header and
 * end where one has no name; an entry whose masks contradict each other ends the list too, since it is no entry.
 */
export function readVersionSections(image: Uint8Array): VersionSections {
  const out: VersionSections = { features: [], versions: [] }
  const magic = VERSION_SECTION.encode({ magic: MAGIC, version: 1 })
  for (let at = findBytes(image, magic, 0); at >= 0; at = findBytes(image, magic, at + magic.length)) {
    const features = readFeatures(image, at + VERSION_SECTION.size)
    if (features.length > 0) out.features.push(...features)
    else out.versions.push(...readNames(image, at + VERSION_SECTION.size))
  }
  return out
}

function readFeatures(image: Uint8Array, start: number): KernelFeature[] {
  const features: KernelFeature[] = []
  for (let at = start; at + KERNEL_FEATURE.size <= image.length; at += KERNEL_FEATURE.size) {
    const { name: raw, featureBytes, reserved, supported, required, active } = KERNEL_FEATURE.read(image, at)
    const name = nameOf(raw)
    const subset = (active & ~supported) === 0n && (required & ~supported) === 0n
    if (name === null || reserved !== 0 || featureBytes === 0 || featureBytes > 128 || !subset) break
    features.push({ name, featureBytes, supported, required, active })
  }
  return features
}

function readNames(image: Uint8Array, start: number): string[] {
  const names: string[] = []
  for (let at = start; at + NAME_BYTES <= image.length; at += NAME_BYTES) {
    const name = nameOf(String.fromCharCode(...image.subarray(at, at + NAME_BYTES)).replace(/\0+$/, ''))
    if (name === null) break
    names.push(name)
  }
  return names
}

function nameOf(raw: string): string | null {
  return /^[!-~]+$/.test(raw) ? raw : null
}
