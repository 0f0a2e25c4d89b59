import { gzipSync } from 'node:zlib'
import { buildKdumpOf, type Codec, flatten, words } from '../formats/dumps/kdump-build.js'
import { zstdFrame } from '../src/image/zstd-build.js'
import type { Base } from './bases.js'
import { pick } from './mutate.js'

/** A file in some format, and where in it the format's own fields lie. */
export interface Container {
  bytes: Uint8Array
  /** Offsets of headers, descriptors and bitmaps. */
  heads: readonly number[]
  /** Options that the file needs to be opened. */
  options: readonly string[]
}

/** Pages of an image, by address. */
export type Pages = ReadonlyMap<number, Uint8Array>

/** Writes the pages of a base, of which `changed` are others now. */
type Make = (base: Base, changed: Pages, random: () => number) => Container

const PAGE = 4096
const CODECS: readonly Codec[] = ['raw', 'zlib', 'lzo', 'snappy', 'zstd']

/** Every format that a dump comes in. */
export const CONTAINERS = {
  elf: (base, changed) => {
    const bytes = elfOf(base, changed)
    return { bytes, heads: every(0, Math.min(1024, bytes.length)), options: [] }
  },
  kdump: (base, changed, random) => {
    const bytes = kdumpOf(base, changed, random)
    return { bytes, heads: every(0, Math.min(bytes.length, 5 * PAGE)), options: [] }
  },
  flattened: (base, changed, random) => {
    const step = 2 ** (10 + Math.floor(random() * 6))
    const bytes = flatten(kdumpOf(base, changed, random), step)
    const heads = every(0, 32)
    for (let at = PAGE; at < bytes.length; at += step + 16) heads.push(at, at + 8)
    return { bytes, heads, options: [] }
  },
  lime: (base, changed) => {
    const parts: Uint8Array[] = []
    const heads: number[] = []
    for (const [n, [phys, page]] of sorted(base, changed).entries()) {
      parts.push(words([0x4c694d45, 4], [1, 4], [phys, 8], [phys + PAGE - 1, 8], [0, 8]), page)
      for (let at = 0; at < 32; at += 8) heads.push(n * (32 + PAGE) + at)
    }
    return { bytes: concat(parts), heads, options: [] }
  },
  raw: (base, changed) => {
    const pages = sorted(base, changed)
    const map = pages.flatMap(([phys], n) => ['--map', `0x${phys.toString(16)}=${n * PAGE}+${PAGE}`])
    return { bytes: concat(pages.map(([, page]) => page)), heads: [], options: [...map, '--ram', '0-64M'] }
  },
  gz: (base, changed) => {
    const bytes = new Uint8Array(gzipSync(elfOf(base, changed), { level: 1 }))
    return { bytes, heads: every(0, 64), options: [] }
  },
  zst: (base, changed) => {
    const elf = elfOf(base, changed)
    const blocks = []
    const heads = every(0, 16)
    let at = 14
    for (let from = 0; from < elf.length; from += 2 ** 15) {
      const raw = elf.subarray(from, from + 2 ** 15)
      const same = raw.every(byte => byte === raw[0])
      blocks.push(same ? { rle: raw[0]!, count: raw.length } : { raw })
      heads.push(at)
      at += 3 + (same ? 1 : raw.length)
    }
    return { bytes: zstdFrame(blocks, { contentSize: elf.length }), heads, options: [] }
  },
} as const satisfies Record<string, Make>

/** A key of {@link CONTAINERS}. */
export type ContainerName = keyof typeof CONTAINERS

function elfOf({ elf, offsets }: Base, changed: Pages): Uint8Array {
  const bytes = elf.slice()
  for (const [phys, page] of changed) bytes.set(page, offsets.get(phys)!)
  return bytes
}

function kdumpOf(base: Base, changed: Pages, random: () => number): Uint8Array {
  const codec = pick(CODECS, random)
  return buildKdumpOf(
    new Map(sorted(base, changed).map(([phys, content]) => [phys / PAGE, { content, codec }])),
  )
}

function sorted({ pages }: Base, changed: Pages): [number, Uint8Array][] {
  return [...new Map([...pages, ...changed])].sort(([a], [b]) => a - b)
}

function every(start: number, end: number): number[] {
  return Array.from({ length: Math.floor((end - start) / 8) }, (_, n) => start + n * 8)
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}
