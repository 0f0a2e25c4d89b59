import { latin1 } from './bytes.js'
import type { FdtProperty } from './types.js'
import { cells, nativeU32, nativeU64s } from './values.js'

/**
 * The properties in which the users of Kexec HandOver store u64s in the machine's own byte order:
 * include/linux/kho/abi of Linux 6.16 to 7.2 (kexec_handover.h, memblock.h, luo.h, memfd.h) and postings.
 */
export const NATIVE_U64_NAMES: ReadonlySet<string> = new Set([
  'preserved-memory-map',
  'preserved-page-radix-tree',
  'preserved-folio-map',
  'fdt',
  'preserved-data',
  'blob-size',
  'metadata',
  'mem',
  'start',
  'size',
  'liveupdate-number',
  'luo-session-header',
  'luo-flb-header',
  'foliodesc',
  'folios_info',
])

/** Likewise u32s: lib/test_kho.c. */
export const NATIVE_U32_NAMES: ReadonlySet<string> = new Set(['magic', 'nr_folios', 'csum'])

/** How a value is written, '' for an empty one, and what it means where that cannot be seen. */
export interface PrintedValue {
  text: string
  comment: string
}

/** Writes a value so that dtc makes the same bytes of it. */
export function printValue(
  property: FdtProperty,
  native: { u64: ReadonlySet<string>; u32: ReadonlySet<string> },
): PrintedValue {
  const { name, value } = property
  if (value.length === 0) return { text: '', comment: '' }
  if (native.u64.has(name)) {
    const numbers = nativeU64s(property)
    if (numbers) {
      const comment = `native u64 ${numbers.map(number => `0x${number.toString(16)}`).join(' ')}`
      return { text: byteString(value), comment }
    }
  }
  if (native.u32.has(name)) {
    const number = nativeU32(property)
    if (number !== null) return { text: byteString(value), comment: `native u32 0x${number.toString(16)}` }
  }
  if (isText(value)) {
    const texts = latin1(value.subarray(0, -1)).split('\0')
    return { text: texts.map(text => `"${text.replace(/["\\]/g, '\\$&')}"`).join(', '), comment: '' }
  }
  const numbers = cells(property)
  if (!numbers) return { text: byteString(value), comment: '' }
  return { text: `<${numbers.map(number => `0x${number.toString(16)}`).join(' ')}>`, comment: '' }
}

const BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

function byteString(value: Uint8Array): string {
  const texts: string[] = []
  for (const byte of value) texts.push(BYTES[byte]!)
  return `[${texts.join(' ')}]`
}

/** Printable ASCII strings, none of them empty, each with its NUL; as dtc itself tells them. */
function isText(value: Uint8Array): boolean {
  let last = 0
  for (const byte of value) {
    if (byte === 0 ? last === 0 : byte < 0x20 || byte > 0x7e) return false
    last = byte
  }
  return last === 0
}
