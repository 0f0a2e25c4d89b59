import type { ByteSource } from '../../formats/memory/byte-source.js'
import type { Range } from '../../formats/memory/range.js'
import type { ContentsSpec } from './contents-schema.js'
import { createRandom } from './random.js'

/** Opens a file that a scenario names. */
export type OpenContents = (path: string) => ByteSource

/** Bytes of a thing by offset: `read(offset, length)` gives that many, zeros past a file's end. */
export type Contents = (offset: number, length: number) => Uint8Array

/** Random bytes are made in pieces, each from its own seed, so that any offset can be read first. */
const PIECE = 4096

/** What a description of contents gives; null where a dump has none. */
export function makeContents(spec: ContentsSpec, open: OpenContents): Contents | null {
  if (spec === 'none') return null
  if (spec === 'zero') return (_offset, length) => new Uint8Array(length)
  if ('pattern' in spec) return repeat(new TextEncoder().encode(spec.pattern))
  if ('hex' in spec) return repeat(hexBytes(spec.hex))
  if ('seed' in spec) return seeded(spec.seed)
  return fromFile(open(spec.file))
}

/** Bytes of hex text. */
export function hexBytes(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, n) =>
    Number.parseInt(text.slice(n * 2, n * 2 + 2), 16),
  )
}

function repeat(unit: Uint8Array): Contents {
  return (offset, length) => {
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length; at++) bytes[at] = unit[(offset + at) % unit.length]!
    return bytes
  }
}

function seeded(seed: number): Contents {
  return (offset, length) => {
    const bytes = new Uint8Array(length)
    const first = Math.floor(offset / PIECE)
    for (let piece = first; piece * PIECE < offset + length; piece++) {
      const words = new Uint32Array(PIECE / 4)
      const random = createRandom(seed + piece * 0x2545f)
      for (let n = 0; n < words.length; n++) words[n] = random.word()
      const from = Math.max(offset, piece * PIECE)
      const to = Math.min(offset + length, (piece + 1) * PIECE)
      bytes.set(
        new Uint8Array(words.buffer).subarray(from - piece * PIECE, to - piece * PIECE),
        from - offset,
      )
    }
    return bytes
  }
}

function fromFile(source: ByteSource): Contents {
  return (offset, length) => {
    const bytes = new Uint8Array(length)
    const have = Math.min(length, Math.max(0, source.size - offset))
    if (have > 0) bytes.set(source.read(offset, have))
    return bytes
  }
}

/** The same with zeros in the holes, and past `size`. */
export function withHoles(contents: Contents, holes: readonly Range[], size: number): Contents {
  const blank = [...holes, { start: size, end: Number.POSITIVE_INFINITY }]
  return (offset, length) => {
    const bytes = contents(offset, length).slice()
    for (const { start, end } of blank) {
      bytes.fill(0, Math.max(0, start - offset), Math.max(0, Math.min(length, end - offset)))
    }
    return bytes
  }
}

/** Preserved memory that a dump has the bytes of: those at `start` are those from `offset`. */
export interface ContentRange extends Range {
  contents: Contents
  offset: number
}

/** Such a range as something that a writer streams. */
export function rangeContents({ contents, offset, start, end }: ContentRange): ByteSource {
  const length = end - start
  return { size: length, read: (at, count) => contents(offset + at, Math.min(count, length - at)) }
}
