import { deflateSync } from 'node:zlib'
import { compress } from 'snappyjs'
import { zstdFrame } from '../../src/image/zstd-build.js'

/*
 * Writes kdumps from text, so that the reader is tested against another's idea of the format (diskdump_mod.h of
 * makedumpfile). One statement a line:
 *
 *   version 6 | machine x86_64 | page 4096 | level 31 | status 8 | maxpfn 32 | wide | onebitmap
 *   ram 0-15            page frames that are RAM; default: those with contents
 *   split 4 8           this file has the pages of frames 4 to 7
 *   vmcoreinfo TEXT | note TEXT | eraseinfo TEXT       \n is a new line
 *   3-5 random 7 lzo    contents of frames: zero, fill BYTE, count, random SEED; codec raw, zlib, lzo, snappy, zstd
 *   6 as 3              the data of frame 6 is that of frame 3
 *   7 lost              its descriptor was never written
 */
export type Codec = 'raw' | 'zlib' | 'lzo' | 'snappy' | 'zstd'

const FLAGS: Record<Codec, number> = { raw: 0, zlib: 1, lzo: 2, snappy: 4, zstd: 0x20 }

interface Page {
  content: Uint8Array
  codec: Codec
  as: number | null
  lost: boolean
}

interface Spec {
  options: Map<string, string>
  ram: Set<number> | null
  pages: Map<number, Page>
}

/** What a page of the text holds. */
export function contentOf(kind: string, argument: string | undefined, size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  if (kind === 'fill') bytes.fill(Number(argument))
  if (kind === 'count') for (let i = 0; i < size; i++) bytes[i] = i % 251
  if (kind === 'random') {
    let state = Number(argument) + 1
    for (let i = 0; i < size; i++) {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0
      bytes[i] = state >>> 16
    }
  }
  return bytes
}

/** One file of a kdump. */
export function buildKdump(text: string): Uint8Array {
  return build(parse(text))
}

/** A kdump of pages at hand, by frame. */
export function buildKdumpOf(pages: ReadonlyMap<number, { content: Uint8Array; codec: Codec }>): Uint8Array {
  const all = [...pages].map(([pfn, page]) => [pfn, { ...page, as: null, lost: false }] as const)
  return build({ options: new Map(), ram: null, pages: new Map(all) })
}

function build(spec: Spec): Uint8Array {
  const option = (name: string, fallback: number) => Number(spec.options.get(name) ?? fallback)
  const block = option('page', 4096)
  const pfns = [...spec.pages.keys()].sort((a, b) => a - b)
  const maxPfn = option('maxpfn', Math.max(31, ...pfns, ...(spec.ram ?? [])) + 1)
  const bitmapBlocks = Math.ceil(maxPfn / 8 / block)
  const bitmaps = spec.options.has('onebitmap') ? 1 : 2
  const ramBitmap = block * 2
  const descriptors = ramBitmap + block * bitmapBlocks * bitmaps
  const [from, to] = spec.options.get('split')?.split(' ').map(Number) ?? [0, maxPfn]
  const mine = pfns.filter(pfn => pfn >= from! && pfn < to!)
  const file = growingFile()
  file.at(0, header(spec, block, bitmapBlocks * bitmaps, maxPfn))
  for (const pfn of spec.ram ?? pfns) file.bit(ramBitmap, pfn)
  for (const pfn of pfns) file.bit(descriptors - block * bitmapBlocks, pfn)
  file.reserve(descriptors + mine.length * 24)
  const extents = ['vmcoreinfo', 'note', 'eraseinfo'].map(name => {
    const value = spec.options.get(name)?.replaceAll('\\n', '\n')
    if (value === undefined) return { offset: 0, size: 0 }
    const text = new TextEncoder().encode(value)
    const bytes = name === 'note' ? elfNote(text) : text
    return { offset: file.append(bytes), size: bytes.length }
  })
  file.at(block, subHeader(spec, extents, maxPfn, [from!, to!]))
  const written = new Map<number, number[]>()
  mine.forEach((pfn, i) => {
    const page = spec.pages.get(pfn)!
    if (page.lost) return
    let place = page.as === null ? undefined : written.get(page.as)
    if (place === undefined) {
      const data = encode(page.content, page.codec)
      place = [file.append(data), data.length, FLAGS[page.codec]]
    }
    written.set(pfn, place)
    file.at(descriptors + i * 24, words([place[0]!, 8], [place[1]!, 4], [place[2]!, 4], [0, 8]))
  })
  return file.bytes()
}

/** The whole of a page as some codec has it. */
export function encode(content: Uint8Array, codec: Codec): Uint8Array {
  if (codec === 'zlib') return new Uint8Array(deflateSync(content))
  if (codec === 'snappy') return compress(content)
  if (codec === 'lzo') return lzoLiteral(content)
  if (codec !== 'zstd') return content
  const same = content.every(byte => byte === content[0])
  return zstdFrame([same ? { rle: content[0]!, count: content.length } : { raw: content }], {
    contentSize: content.length,
  })
}

/** LZO1X without a match: one literal run and the end mark. */
export function lzoLiteral(content: Uint8Array): Uint8Array {
  const start: number[] = []
  if (content.length > 0 && content.length <= 238) start.push(content.length + 17)
  else if (content.length > 0) {
    let rest = content.length - 18
    start.push(0)
    for (; rest > 255; rest -= 255) start.push(0)
    start.push(rest)
  }
  return Uint8Array.from([...start, ...content, 0x11, 0, 0])
}

/** Number, width in bytes; little-endian. */
export function words(...fields: [number | bigint, number][]): Uint8Array {
  return Uint8Array.from(
    fields.flatMap(([value, width]) =>
      Array.from({ length: width }, (_, i) => Number((BigInt(value) >> BigInt(8 * i)) & 0xffn)),
    ),
  )
}

function elfNote(desc: Uint8Array): Uint8Array {
  const padded = new Uint8Array(Math.ceil(desc.length / 4) * 4)
  padded.set(desc)
  return Uint8Array.from([
    ...words([5, 4], [desc.length, 4], [1, 4]),
    ...new TextEncoder().encode('CORE\0\0\0\0'),
    ...padded,
  ])
}

function header(spec: Spec, block: number, bitmapBlocks: number, maxPfn: number): Uint8Array {
  const bytes = new Uint8Array(464)
  bytes.set(new TextEncoder().encode('KDUMP   '))
  bytes.set(words([Number(spec.options.get('version') ?? 6), 4]), 8)
  bytes.set(new TextEncoder().encode(spec.options.get('machine') ?? 'x86_64'), 12 + 4 * 65)
  const status = Number(spec.options.get('status') ?? 1)
  bytes.set(words([status, 4], [block, 4], [1, 4], [bitmapBlocks, 4], [maxPfn % 2 ** 32, 4]), 424)
  bytes.set(words([1, 4]), 460)
  return bytes
}

function subHeader(
  spec: Spec,
  extents: { offset: number; size: number }[],
  maxPfn: number,
  [from, to]: [number, number],
): Uint8Array {
  const split = spec.options.has('split')
  const parts = split ? [from, to] : [0, 0]
  const old = spec.options.has('wide') ? [0, 0] : parts
  return words(
    [0, 8],
    [Number(spec.options.get('level') ?? 0), 4],
    [split ? 1 : 0, 4],
    [old[0]!, 8],
    [old[1]!, 8],
    ...extents.flatMap(({ offset, size }): [number, number][] => [
      [offset, 8],
      [size, 8],
    ]),
    [parts[0]!, 8],
    [parts[1]!, 8],
    [maxPfn, 8],
  )
}

interface GrowingFile {
  at(offset: number, bytes: Uint8Array): void
  append(bytes: Uint8Array): number
  bit(offset: number, bit: number): void
  reserve(end: number): void
  bytes(): Uint8Array
}

function growingFile(): GrowingFile {
  const pieces: [number, Uint8Array][] = []
  const bits = new Map<number, number>()
  let size = 0
  const reserve = (end: number) => {
    size = Math.max(size, end)
  }
  const at = (offset: number, bytes: Uint8Array) => {
    pieces.push([offset, bytes])
    reserve(offset + bytes.length)
  }
  return {
    at,
    reserve,
    append(bytes) {
      const offset = size
      at(offset, bytes)
      return offset
    },
    bit(offset, bit) {
      const place = offset + Math.floor(bit / 8)
      bits.set(place, (bits.get(place) ?? 0) | (1 << (bit % 8)))
      reserve(place + 1)
    },
    bytes() {
      const bytes = new Uint8Array(size)
      for (const [offset, piece] of pieces) bytes.set(piece, offset)
      for (const [offset, value] of bits) bytes[offset] = value
      return bytes
    },
  }
}

function parse(text: string): Spec {
  const spec: Spec = { options: new Map(), ram: null, pages: new Map() }
  const lines = text.split('\n').map(line => line.trim())
  const size = Number(/^page (\d+)$/m.exec(lines.join('\n'))?.[1] ?? 4096)
  for (const line of lines) {
    if (line === '') continue
    const [word, rest] = split(line)
    if (word === 'ram') spec.ram = new Set([...(spec.ram ?? []), ...rangeOf(rest)])
    else if (/^\d/.test(word)) for (const pfn of rangeOf(word)) spec.pages.set(pfn, pageOf(rest, spec, size))
    else spec.options.set(word, rest)
  }
  return spec
}

function split(line: string): [string, string] {
  const at = line.indexOf(' ')
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)]
}

function pageOf(text: string, spec: Spec, size: number): Page {
  const fields = text.split(' ')
  if (fields[0] === 'lost') return { content: new Uint8Array(size), codec: 'raw', as: null, lost: true }
  if (fields[0] === 'as') return { ...spec.pages.get(Number(fields[1]))!, as: Number(fields[1]) }
  const codec = fields.at(-1)! in FLAGS ? (fields.at(-1) as Codec) : 'raw'
  return { content: contentOf(fields[0]!, fields[1], size), codec, as: null, lost: false }
}

function rangeOf(text: string): number[] {
  const [first, last] = text.split('-').map(Number)
  return Array.from({ length: (last ?? first!) - first! + 1 }, (_, i) => first! + i)
}

/** Flattened, in pieces of `step` bytes; `order` gives the order in which they are written. */
export function flatten(
  file: Uint8Array,
  step: number,
  order: (pieces: number[]) => number[] = p => p,
): Uint8Array {
  const starts = Array.from({ length: Math.ceil(file.length / step) }, (_, i) => i * step)
  const pieces = order(starts).map(start => ({ offset: start, bytes: file.subarray(start, start + step) }))
  return flattenPieces(pieces)
}

/** A flattened file of these pieces; `end` false leaves its end mark away. */
export function flattenPieces(pieces: { offset: number; bytes: Uint8Array }[], end = true): Uint8Array {
  const head = new Uint8Array(4096)
  head.set(new TextEncoder().encode('makedumpfile'))
  head[23] = 1
  head[31] = 1
  const parts: Uint8Array[] = [head]
  for (const { offset, bytes } of pieces) parts.push(bigEndian(offset, bytes.length), bytes)
  if (end) parts.push(bigEndian(-1, -1))
  return new Uint8Array(Buffer.concat(parts))
}

function bigEndian(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 8)
  const view = new DataView(bytes.buffer)
  values.forEach((value, i) => {
    view.setBigInt64(i * 8, BigInt(value))
  })
  return bytes
}
