import type { Base } from './bases.js'
import { NASTY, pick } from './mutate.js'

/** Tags of a structure block, and one that is none (dtspec 0.4, 5.4.1). */
const FDT_TAGS = [1, 2, 3, 4, 9, 5]

const PAGE = 4096

type Random = () => number

/** Copies of the pages that a mutation touches, by address. */
interface Patch {
  /** The page around an address, to be written to. */
  page(address: number): Uint8Array
  word(address: number): bigint
  setWord(address: number, value: bigint): void
}

type Mutation = (base: Base, patch: Patch, random: Random) => void

const somewhere = (base: Base, random: Random) => pick(base.words, random)

const MUTATIONS: readonly Mutation[] = [
  // A field gets a value that breaks arithmetic, as a whole or one half of it, in either byte order.
  (base, patch, random) => {
    const at = somewhere(base, random)
    const value = pick(NASTY, random)
    const page = patch.page(at)
    const view = new DataView(page.buffer, page.byteOffset)
    const offset = at % PAGE
    const big = random() < 0.3
    if (random() < 0.5) view.setBigUint64(offset, value, !big)
    else view.setUint32(offset + (random() < 0.5 ? 0 : 4), Number(value & 0xffffffffn), !big)
  },
  // A little more or less.
  (base, patch, random) => {
    const at = somewhere(base, random)
    const by = BigInt(pick([1, -1, 8, -8, 4096, -4096, 0x10000], random))
    patch.setWord(at, BigInt.asUintN(64, patch.word(at) + by))
  },
  // A pointer leads where another does: cycles, and two owners of one thing.
  (base, patch, random) => patch.setWord(somewhere(base, random), patch.word(somewhere(base, random))),
  // A field holds the address of something, or of nearly that.
  (base, patch, random) => {
    const to = somewhere(base, random)
    patch.setWord(somewhere(base, random), BigInt(random() < 0.7 ? to - (to % PAGE) : to))
  },
  // A bit.
  (base, patch, random) => {
    const at = somewhere(base, random)
    patch.setWord(at, patch.word(at) ^ (1n << BigInt(Math.floor(random() * 64))))
  },
  // A structure stands where another should.
  (base, patch, random) => {
    const page = patch.page(somewhere(base, random))
    page.set(patch.page(somewhere(base, random)))
  },
  // A run of fields is overwritten: zeros, ones, or noise.
  (base, patch, random) => {
    const at = somewhere(base, random)
    const page = patch.page(at)
    const end = Math.min(PAGE, (at % PAGE) + pick([8, 16, 64, 512], random))
    const kind = random()
    for (let n = at % PAGE; n < end; n++)
      page[n] = kind < 0.3 ? 0 : kind < 0.5 ? 0xff : Math.floor(random() * 256)
  },
  // Text with control bytes, separators and broken UTF-8 in it.
  (base, patch, random) => {
    const at = somewhere(base, random)
    const page = patch.page(at)
    page[at % PAGE] = pick([0x1b, 0x0a, 0x7f, 0x9b, 0x2f, 0x25, 0x23, 0xff, 0x00, 0x22], random)
  },
  mutateFdt,
  mutateFdt,
]

/** Damage inside a device tree: its header, a tag, the length or the name of a property, a piece that moves. */
function mutateFdt(base: Base, patch: Patch, random: Random): void {
  if (base.fdts.length === 0) return
  const start = pick(base.fdts, random)
  const page = patch.page(start)
  const view = new DataView(page.buffer, page.byteOffset)
  const at = start % PAGE
  const kind = random()
  if (kind < 0.25) {
    const field = at + 4 * Math.floor(random() * 10)
    view.setUint32(
      field,
      random() < 0.5 ? Math.floor(random() * PAGE) : Number(pick(NASTY, random) & 0xffffffffn),
    )
    return
  }
  const size = Math.min(view.getUint32(at + 4), PAGE - at)
  if (size < 64) return
  const place = at + 40 + 4 * Math.floor((random() * (size - 48)) / 4)
  if (kind < 0.55) view.setUint32(place, pick(FDT_TAGS, random))
  else if (kind < 0.8) view.setUint32(place, Math.floor(random() * 300))
  else {
    const length = 4 * (1 + Math.floor(random() * 16))
    if (kind < 0.9) page.copyWithin(place + length, place, Math.max(place, PAGE - length))
    else page.copyWithin(place, Math.min(PAGE, place + length))
  }
}

/** Changes 1 to 6 things in the structures of a base; gives the pages that are others now. */
export function mutateState(base: Base, random: Random): Map<number, Uint8Array> {
  const changed = new Map<number, Uint8Array>()
  const page = (address: number): Uint8Array => {
    const start = address - (address % PAGE)
    let bytes = changed.get(start)
    if (bytes === undefined) {
      bytes = base.pages.get(start)!.slice()
      changed.set(start, bytes)
    }
    return bytes
  }
  const viewAt = (address: number) => {
    const bytes = page(address)
    return new DataView(bytes.buffer, bytes.byteOffset)
  }
  const patch: Patch = {
    page,
    word: address => viewAt(address).getBigUint64(address % PAGE, true),
    setWord: (address, value) => viewAt(address).setBigUint64(address % PAGE, value, true),
  }
  const times = 1 + Math.floor(random() * 6)
  for (let n = 0; n < times; n++) pick(MUTATIONS, random)(base, patch, random)
  return changed
}

/** Changes up to 4 fields of a container. */
export function mutateHeads(bytes: Uint8Array, heads: readonly number[], random: Random): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const times = heads.length === 0 ? 0 : 1 + Math.floor(random() * 4)
  for (let n = 0; n < times; n++) {
    const at = pick(heads, random)
    if (at + 8 > bytes.length) continue
    const kind = random()
    if (kind < 0.4) view.setBigUint64(at, pick(NASTY, random), random() < 0.7)
    else if (kind < 0.6) view.setUint32(at, Math.floor(random() * 2 ** 20), random() < 0.7)
    else if (kind < 0.8) bytes[at + Math.floor(random() * 8)]! ^= 1 << Math.floor(random() * 8)
    else view.setBigUint64(at, view.getBigUint64(pick(heads, random) % (bytes.length - 7), true), true)
  }
}
