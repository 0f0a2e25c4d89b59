import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { KhoError } from '../../formats/error.js'
import { readKernelFile } from '../../formats/kernel-files/index.js'
import type { PageShift } from '../../formats/memory/geometry.js'
import type { Place } from '../../formats/memory/range.js'
import { reasonOf } from '../node/system-error.js'
import type { Arch } from './arch.js'

/** A kernel as a loader sees it: a bzImage (Documentation/arch/x86/boot.rst), or an arm64 Image (arch/arm64/booting.rst). */
export interface BootImage {
  arch: Arch
  /** log2 of the bytes of a page. */
  pageShift: PageShift
  /** The file; of an Image that is packed, what is in it. */
  bytes: Uint8Array
  /** Bytes of a bzImage's boot sector and real-mode setup code; the kernel proper follows. */
  setupBytes: number
  /** Memory that the kernel needs from where it unpacks itself on. */
  initSize: number
  /** Where it unpacks itself when it was loaded below. */
  prefAddress: number
  /** Alignment of the address at which it may be loaded. */
  alignment: number
  /** `uname -r` of the kernel in it; null where the image does not say. */
  release: string | null
}

/** Offsets in a bzImage. */
const SETUP_SECTS = 0x1f1
const MAGIC = 0x202
const PROTOCOL = 0x206
const KERNEL_VERSION = 0x20e
const CODE32_START = 0x214
const RAMDISK_IMAGE = 0x218
const RAMDISK_SIZE = 0x21c
const KERNEL_ALIGNMENT = 0x230
const RELOCATABLE = 0x234
const SETUP_DATA = 0x250
const PREF_ADDRESS = 0x258
const INIT_SIZE = 0x260

/** Bytes of utsname's release: __NEW_UTS_LEN. */
const LONGEST_RELEASE = 64

/** `HdrS` */
const HEADER_MAGIC = 0x53726448
/** The first protocol with `init_size`. */
const OLDEST_PROTOCOL = 0x20a

/**
 * Reads a bzImage.
 *
 * @throws KhoError `unreadable` or `unknown-format` where it is none, `unsupported` where it cannot be placed.
 */
export function readBootImage(path: string): BootImage {
  let bytes: Uint8Array
  try {
    bytes = readFileSync(path)
  } catch (error) {
    throw new KhoError('unreadable', `cannot read the kernel ${path}: ${reasonOf(error)}`, { path })
  }
  return parseBootImage(bytes, path)
}

/** Like {@link readBootImage}, of bytes at hand; the path is for messages. */
export function parseBootImage(bytes: Uint8Array, path: string): BootImage {
  return parseArm64Image(bytes, path) ?? parseBzImage(bytes, path)
}

/** struct arm64_image_header: arch/arm64/include/asm/image.h, 7.3. */
const ARM64 = { textOffset: 8, imageSize: 16, flags: 24, magic: 56 }
/** `ARM\x64` */
const ARM64_MAGIC = 0x644d5241
/** Bits 1 and 2 of the flags. */
const PAGE_SHIFTS: readonly (PageShift | null)[] = [null, 12, 14, 16]
const GZIP = 0x8b1f

/** An Image, packed by gzip or not; null for anything else. */
function parseArm64Image(file: Uint8Array, path: string): BootImage | null {
  const bytes = file.length > 2 && viewOf(file).getUint16(0, true) === GZIP ? unpacked(file, path) : file
  const view = viewOf(bytes)
  if (bytes.length < 64 || view.getUint32(ARM64.magic, true) !== ARM64_MAGIC) return null
  const pageShift = PAGE_SHIFTS[Number((view.getBigUint64(ARM64.flags, true) >> 1n) & 3n)] ?? null
  const offset = view.getBigUint64(ARM64.textOffset, true)
  if (offset !== 0n || pageShift === null) {
    throw new KhoError('unsupported', `${path} is of before Linux 5.8: it cannot be placed anywhere`, {
      path,
    })
  }
  return {
    arch: 'arm64',
    pageShift,
    bytes,
    setupBytes: 0,
    initSize: Number(view.getBigUint64(ARM64.imageSize, true)),
    prefAddress: 0,
    alignment: 2 ** 21,
    release: readKernelFile(bytes, () => bytes).release,
  }
}

function unpacked(file: Uint8Array, path: string): Uint8Array {
  try {
    return gunzipSync(file)
  } catch (error) {
    throw new KhoError('unreadable', `${path} cannot be unpacked: ${reasonOf(error)}`, { path })
  }
}

function parseBzImage(bytes: Uint8Array, path: string): BootImage {
  const view = viewOf(bytes)
  if (bytes.length < 1024 || view.getUint32(MAGIC, true) !== HEADER_MAGIC) {
    throw new KhoError(
      'unknown-format',
      `${path} is no bzImage of an x86 kernel, and no Image of an arm64 one`,
      {
        path,
      },
    )
  }
  const protocol = view.getUint16(PROTOCOL, true)
  if (protocol < OLDEST_PROTOCOL || bytes[RELOCATABLE] === 0) {
    const what = protocol < OLDEST_PROTOCOL ? 'of before Linux 2.6.31' : 'not relocatable'
    throw new KhoError('unsupported', `${path} is ${what}: it cannot be placed in scratch memory`, { path })
  }
  const setupBytes = ((bytes[SETUP_SECTS] || 4) + 1) * 512
  if (setupBytes >= bytes.length) throw new KhoError('unreadable', `${path} is cut short`, { path })
  return {
    arch: 'x86_64',
    pageShift: 12,
    bytes,
    setupBytes,
    initSize: view.getUint32(INIT_SIZE, true),
    prefAddress: Number(view.getBigUint64(PREF_ADDRESS, true)),
    alignment: view.getUint32(KERNEL_ALIGNMENT, true),
    release: releaseOf(bytes, view.getUint16(KERNEL_VERSION, true)),
  }
}

/** A string `7.2.13 (who@where) #1 …`, 512 bytes behind where the header says. */
function releaseOf(bytes: Uint8Array, at: number): string | null {
  if (at === 0) return null
  const text = Buffer.from(bytes.subarray(at + 512, at + 512 + LONGEST_RELEASE)).toString('latin1')
  return /^[!-~]+/.exec(text)?.[0] ?? null
}

/** What a copy of a bzImage is told. */
export interface BootPatch {
  /** Physical address of the setup_data record. */
  setupData: number
  /**
   * Where the kernel proper lies in memory, put there by other means; the copy then ends with its setup code, which jumps
   * to this address. Without it the copy is whole, and loaded at 1 MiB.
   */
  kernelAt?: number
  /** Where an initramfs lies in memory. */
  initrd?: Place
}

/** Bytes that a copy without a kernel proper has in its place: a loader expects some. */
export const STUB_BYTES = 512

/** A copy of the image with another setup header. */
export function patchBootImage(image: BootImage, patch: BootPatch): Uint8Array {
  const whole = patch.kernelAt === undefined
  const bytes = new Uint8Array(whole ? image.bytes.length : image.setupBytes + STUB_BYTES)
  bytes.set(whole ? image.bytes : image.bytes.subarray(0, image.setupBytes))
  const view = viewOf(bytes)
  view.setBigUint64(SETUP_DATA, BigInt(patch.setupData), true)
  if (patch.kernelAt !== undefined) view.setUint32(CODE32_START, patch.kernelAt, true)
  if (patch.initrd !== undefined) {
    view.setUint32(RAMDISK_IMAGE, patch.initrd.address, true)
    view.setUint32(RAMDISK_SIZE, patch.initrd.size, true)
  }
  return bytes
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
