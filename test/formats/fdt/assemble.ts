import { cellBytes } from '../../../formats/fdt/index.js'
import { joinBytes } from '../../../formats/memory/join-bytes.js'

/** A token of a structure block, or bytes as they are. */
export type Token =
  | { begin: string }
  | { prop: string | number; value: Uint8Array; length?: number }
  | 'end-node'
  | 'nop'
  | 'end'
  | Uint8Array

/** How to lay out a blob by hand, right or wrong. */
export interface Layout {
  version?: number
  lastComp?: number
  tokens: readonly Token[]
  reservations?: readonly (readonly [bigint, bigint])[]
  /** Leave out the (0, 0) at the end of the reserve map. */
  unterminated?: boolean
  order?: readonly ('map' | 'struct' | 'strings')[]
  /** Bytes between the blocks; blocks are aligned behind it. */
  gap?: number
  /** Bytes behind the names, in the strings block. */
  moreStrings?: string
  /** Header words to overwrite, by offset. */
  words?: Readonly<Record<number, number>>
}

export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, char => char.charCodeAt(0))
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return joinBytes(parts)
}

const pad = (length: number, step: number) => new Uint8Array((step - (length % step)) % step)

/** The structure block of any version, and the names it uses. */
function structureOf(tokens: readonly Token[], version: number): { bytes: Uint8Array; strings: Uint8Array } {
  let bytes: Uint8Array = new Uint8Array(0)
  let strings = ''
  const put = (...parts: readonly Uint8Array[]) => {
    bytes = concat(bytes, ...parts)
  }
  for (const token of tokens) {
    if (token instanceof Uint8Array) put(token)
    else if (token === 'end-node') put(cellBytes(2))
    else if (token === 'nop') put(cellBytes(4))
    else if (token === 'end') put(cellBytes(9))
    else if ('begin' in token) {
      const name = bytesOf(`${token.begin}\0`)
      put(cellBytes(1), name, pad(name.length, 4))
    } else {
      let offset = typeof token.prop === 'number' ? token.prop : `\0${strings}`.indexOf(`\0${token.prop}\0`)
      if (offset < 0) {
        offset = strings.length
        strings += `${token.prop}\0`
      }
      const { value, length = value.length } = token
      put(cellBytes(3, length, offset))
      if (version < 16 && length >= 8) put(pad(bytes.length, 8))
      put(value, pad(value.length, 4))
    }
  }
  return { bytes, strings: bytesOf(strings) }
}

const HEADER_SIZE = (version: number) => {
  if (version <= 1) return 0x1c
  if (version <= 2) return 0x20
  return version < 17 ? 0x24 : 0x28
}

/** A blob laid out as asked for. */
export function assemble(layout: Layout): Uint8Array {
  const { version = 17, order = ['map', 'struct', 'strings'], gap = 0 } = layout
  const structure = structureOf(layout.tokens, version)
  const entries = [...(layout.reservations ?? []), ...(layout.unterminated ? [] : ([[0n, 0n]] as const))]
  const map = concat(
    ...entries.map(([address, size]) => {
      const half = (value: bigint) => [Number(value >> 32n), Number(value & 0xffffffffn)]
      return cellBytes(...half(address), ...half(size))
    }),
  )
  const blocks = {
    map,
    struct: structure.bytes,
    strings: concat(structure.strings, bytesOf(layout.moreStrings ?? '')),
  }
  const starts = { map: 0, struct: 0, strings: 0 }
  let blob: Uint8Array = new Uint8Array(HEADER_SIZE(version))
  for (const name of order) {
    blob = concat(blob, new Uint8Array(gap).fill(0xa5))
    if (name !== 'strings') blob = concat(blob, pad(blob.length, 8))
    starts[name] = blob.length
    blob = concat(blob, blocks[name])
  }
  const words = [
    0xd00dfeed,
    blob.length,
    starts.struct,
    starts.strings,
    starts.map,
    version,
    layout.lastComp ?? (version < 16 ? 1 : 16),
    0,
    blocks.strings.length,
    blocks.struct.length,
  ]
  blob.set(cellBytes(...words).subarray(0, HEADER_SIZE(version)))
  for (const [offset, word] of Object.entries(layout.words ?? {})) blob.set(cellBytes(word), Number(offset))
  return blob
}

/** The bytes of a listing such as `0000: d00dfeed 00000098`. */
export function fromListing(listing: string): Uint8Array {
  const digits = listing.replace(/^[0-9a-f]{4}:/gm, '').replace(/\s+/g, '')
  return Uint8Array.from(digits.match(/../g) ?? [], pair => Number.parseInt(pair, 16))
}
