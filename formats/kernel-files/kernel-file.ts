import { KhoError } from '../error.js'
import { type BootImage, type KernelForm, readBootImage } from './boot-image.js'
import { type Compression, compressionOf, type Unpack } from './compression.js'
import { hasString, stringsWith } from './strings.js'
import { readVersionSections, type VersionSections } from './version-section.js'

/** What a kernel's file says of itself: enough to tell what it can take over. */
export interface KernelFile {
  form: KernelForm
  /** `x86_64`, `aarch64` … as `uname -m` says it, or null where the file does not tell. */
  machine: string | null
  /** Bytes of a page, or null where the file does not tell. */
  pageSize: number | null
  /** How the kernel is packed, from the outside in; empty where it is not. */
  packed: Compression[]
  /** As `uname -r` says it, or null where nothing in the file looks like it. */
  release: string | null
  /** Root `compatible` strings, `kho-v4`; empty for a kernel without KHO. */
  kho: string[]
  /** LUO's compatible strings, `luo-v5`; empty for a kernel without LUO. */
  luo: string[]
  /** What the posted sections list. */
  sections: VersionSections
  /** True where the kernel holds this text as a string of its own, as it holds the names that it compares with. */
  has(text: string): boolean
}

/** A file may be packed as a whole around a kernel that is packed: `Image.gz`, and a bzImage in a `.zst`. */
const MOST_LAYERS = 4

/**
 * Reads a kernel: bzImage, arm64 Image, self-unpacking EFI program, vmlinux or module, each packed or not.
 *
 * @throws KhoError `unknown-format` for bytes that are no kernel; what {@link Unpack} throws
 */
export function readKernelFile(bytes: Uint8Array, unpack: Unpack): KernelFile {
  const packed: Compression[] = []
  let image = bytes
  let outer: BootImage | null = null
  for (;;) {
    const boot = readBootImage(image)
    outer ??= boot
    const method = boot === null ? compressionOf(image) : (boot.payload?.method ?? null)
    if (method === null) return describe(image, outer, packed)
    if (packed.length === MOST_LAYERS) {
      throw new KhoError('unknown-format', `packed more than ${MOST_LAYERS} times over: this is no kernel`)
    }
    image = unpack(method, boot?.payload?.bytes ?? image)
    packed.push(method)
  }
}

function describe(image: Uint8Array, outer: BootImage | null, packed: Compression[]): KernelFile {
  if (outer === null) {
    throw new KhoError(
      'unknown-format',
      'this is no bzImage, arm64 Image, EFI zboot image, vmlinux or module',
      {
        hint: 'give the file that kexec would load',
      },
    )
  }
  const inner = readBootImage(image)
  return {
    form: outer.form,
    machine: outer.machine ?? inner?.machine ?? null,
    pageSize: outer.pageSize ?? inner?.pageSize ?? null,
    packed,
    release: outer.release ?? releaseIn(image, inner?.form === 'module'),
    kho: stringsWith(image, 'kho-v', /^\d+(;[!-~]+)?$/),
    luo: stringsWith(image, 'luo-v', /^\d+(;[!-~]+)?$/),
    sections: readVersionSections(image),
    has: text => hasString(image, text),
  }
}

function releaseIn(image: Uint8Array, module: boolean): string | null {
  const prefix = module ? 'vermagic=' : 'Linux version '
  for (const text of stringsWith(image, prefix, /^\d+\.\d+/)) {
    return text.slice(prefix.length).split(' ')[0]!
  }
  return null
}
