import { defineStruct } from '../layout/index.js'
import { type Compression, compressionOf } from './compression.js'

/** Forms in which kernels lie on disk. */
export type KernelForm = 'bzImage' | 'arm64 Image' | 'EFI zboot' | 'vmlinux' | 'module'

/** What a kernel's file says before anything of it is unpacked. */
export interface BootImage {
  form: KernelForm
  /** `x86_64`, `aarch64` as `uname -m` says it, or null where the header does not tell. */
  machine: string | null
  /** Bytes of a page; null where the header does not tell. */
  pageSize: number | null
  /** The release out of the boot header; null where only the kernel itself says it. */
  release: string | null
  /** The packed kernel; null where the file is the kernel itself. */
  payload: { method: Compression; bytes: Uint8Array } | null
}

/** The parts of x86's boot protocol that lead to the payload. Documentation/arch/x86/boot.rst, 7.3. */
const SETUP_HEADER = defineStruct('setup_header', {
  since: '2.6.26',
  source: 'arch/x86/include/uapi/asm/bootparam.h',
  size: 0x250,
  fields: [
    { name: 'setupSects', type: 'u8', offset: 0x1f1, doc: 'sectors of 512 bytes of setup code; 0 means 4' },
    { name: 'bootFlag', type: 'u16', offset: 0x1fe, doc: '0xaa55' },
    { name: 'magic', type: 'u32', offset: 0x202, doc: 'HdrS' },
    { name: 'version', type: 'u16', offset: 0x206, doc: 'of the boot protocol' },
    { name: 'kernelVersion', type: 'u16', offset: 0x20e, doc: 'where its text lies, less 0x200' },
    { name: 'payloadOffset', type: 'u32', offset: 0x248, doc: 'from the protected-mode code' },
    { name: 'payloadLength', type: 'u32', offset: 0x24c, doc: 'bytes of the payload' },
  ],
})

/** arch/arm64/include/asm/image.h, 7.3. */
const ARM64_HEADER = defineStruct('arm64_image_header', {
  since: '3.17',
  source: 'arch/arm64/include/asm/image.h',
  size: 64,
  fields: [
    { name: 'flags', type: 'u64', offset: 24, doc: 'bits 1 and 2: 1 for pages of 4K, 2 of 16K, 3 of 64K' },
    { name: 'magic', type: 'u32', offset: 56, doc: 'ARM\\x64' },
  ],
})

/** The DOS header of a self-unpacking EFI program. drivers/firmware/efi/libstub/zboot-header.S, 7.3. */
const ZBOOT_HEADER = defineStruct('linux_efi_zboot_header', {
  since: '6.1',
  source: 'drivers/firmware/efi/libstub/zboot-header.S',
  size: 64,
  fields: [
    { name: 'mzMagic', type: 'u32', offset: 0, doc: 'MZ' },
    { name: 'imageType', type: 'u32', offset: 4, doc: 'zimg' },
    { name: 'payloadOffset', type: 'u32', offset: 8, doc: 'from the start of the file' },
    { name: 'payloadSize', type: 'u32', offset: 12, doc: 'bytes' },
    { name: 'compression', type: 'chars', length: 8, offset: 24, doc: 'its name' },
  ],
})

const BOOT_FLAG = 0xaa55
const HDRS = 0x53726448
const PAYLOAD_SINCE = 0x208
const SECTOR = 512
const ARM64_MAGIC = 0x644d5241
const ZIMG = 0x676d697a
const MZ = 0x5a4d
const ELF_MAGIC = 0x464c457f
/** e_type of what is a kernel or a part of one: relocatable, executable, shared. A core is a dump. */
const ELF_FORMS = new Map<number, KernelForm>([
  [1, 'module'],
  [2, 'vmlinux'],
  [3, 'vmlinux'],
])
const MACHINES = new Map([
  [62, 'x86_64'],
  [183, 'aarch64'],
])

/** What kind of kernel file this is, and where its payload lies; null for bytes that are none. */
export function readBootImage(bytes: Uint8Array): BootImage | null {
  return readElf(bytes) ?? readBzImage(bytes) ?? readZboot(bytes) ?? readArm64(bytes)
}

/** Bytes of a page of x86-64, which has no other. */
const X86_PAGE = 4096

function word(bytes: Uint8Array, offset: number): number {
  return bytes.length < offset + 4 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset, true)
}

function readElf(bytes: Uint8Array): BootImage | null {
  if (word(bytes, 0) !== ELF_MAGIC || bytes.length < 64) return null
  const kind = word(bytes, 16)
  const form = ELF_FORMS.get(kind & 0xffff)
  if (form === undefined) return null
  const machine = MACHINES.get(kind >>> 16) ?? null
  return { form, machine, pageSize: machine === 'x86_64' ? X86_PAGE : null, release: null, payload: null }
}

function readBzImage(bytes: Uint8Array): BootImage | null {
  if (bytes.length < SETUP_HEADER.size) return null
  const header = SETUP_HEADER.read(bytes)
  if (header.bootFlag !== BOOT_FLAG || header.magic !== HDRS || header.version < PAYLOAD_SINCE) return null
  const start = ((header.setupSects || 4) + 1) * SECTOR + header.payloadOffset
  const packed = bytes.subarray(start, start + header.payloadLength)
  const method = compressionOf(packed)
  const release = header.kernelVersion === 0 ? null : firstWord(bytes, header.kernelVersion + 0x200)
  return {
    form: 'bzImage',
    machine: 'x86_64',
    pageSize: X86_PAGE,
    release,
    payload: method === null ? null : { method, bytes: packed },
  }
}

function readZboot(bytes: Uint8Array): BootImage | null {
  if (bytes.length < ZBOOT_HEADER.size) return null
  const header = ZBOOT_HEADER.read(bytes)
  if ((header.mzMagic & 0xffff) !== MZ || header.imageType !== ZIMG) return null
  const packed = bytes.subarray(header.payloadOffset, header.payloadOffset + header.payloadSize)
  const method = compressionOf(packed)
  return {
    form: 'EFI zboot',
    machine: null,
    pageSize: null,
    release: null,
    payload: method === null ? null : { method, bytes: packed },
  }
}

/** Page sizes by the flags' bits; 0 does not tell. */
const ARM64_PAGES = [null, 4096, 16384, 65536]

function readArm64(bytes: Uint8Array): BootImage | null {
  if (bytes.length < ARM64_HEADER.size) return null
  const { magic, flags } = ARM64_HEADER.read(bytes)
  if (magic !== ARM64_MAGIC) return null
  const pageSize = ARM64_PAGES[Number((flags >> 1n) & 3n)] ?? null
  return { form: 'arm64 Image', machine: 'aarch64', pageSize, release: null, payload: null }
}

/** Longest text of a release that is believed: __NEW_UTS_LEN. */
const LONGEST_RELEASE = 64

function firstWord(bytes: Uint8Array, offset: number): string | null {
  const text = String.fromCharCode(...bytes.subarray(offset, offset + LONGEST_RELEASE))
  return /^[!-~]+/.exec(text)?.[0] ?? null
}
