/** A small deterministic generator (mulberry32): the same seed, the same images. */
export function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** One of a list. */
export function pick<T>(list: readonly T[], random: () => number): T {
  return list[Math.floor(random() * list.length)]!
}

/** Values that break arithmetic, lists and look-ups. */
export const NASTY = [
  0n,
  1n,
  7n,
  8n,
  0x1000n,
  0xffn,
  0xffffn,
  0xffffffffn,
  0x80000000n,
  2n ** 52n,
  2n ** 63n,
  2n ** 64n - 1n,
]

/** One way to damage bytes in place. */
type Mutation = (bytes: Uint8Array, random: () => number) => void

const at = (bytes: Uint8Array, random: () => number, align: number) =>
  Math.floor((random() * Math.max(bytes.length - 8, 1)) / align) * align

const MUTATIONS: readonly Mutation[] = [
  (bytes, random) => {
    bytes[at(bytes, random, 1)]! ^= 1 << Math.floor(random() * 8)
  },
  (bytes, random) => {
    new DataView(bytes.buffer, bytes.byteOffset).setBigUint64(
      at(bytes, random, 8),
      NASTY[Math.floor(random() * NASTY.length)]!,
      true,
    )
  },
  // A pointer that was good somewhere is put where another was.
  (bytes, random) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    view.setBigUint64(at(bytes, random, 8), view.getBigUint64(at(bytes, random, 8), true), true)
  },
  (bytes, random) => {
    const from = at(bytes, random, 4096)
    bytes.copyWithin(at(bytes, random, 4096), from, from + 4096)
  },
  (bytes, random) => {
    const from = at(bytes, random, 4096)
    bytes.fill(random() < 0.5 ? 0 : 0xff, from, from + 4096)
  },
  (bytes, random) => {
    const from = at(bytes, random, 64)
    for (let i = from; i < Math.min(from + 64, bytes.length); i++) bytes[i] = Math.floor(random() * 256)
  },
]

/** A copy of an image with 1 to 12 mutations in it. */
export function mutate(image: Uint8Array, random: () => number): Uint8Array {
  const bytes = image.slice()
  const times = 1 + Math.floor(random() * 12)
  for (let i = 0; i < times; i++) MUTATIONS[Math.floor(random() * MUTATIONS.length)]!(bytes, random)
  return bytes
}

/**
 * The same, aimed: only at pages that hold a structure. Their offsets are given, because a blind hit on a page of data
 * changes nothing that anyone reads.
 */
export function mutatePages(image: Uint8Array, offsets: readonly number[], random: () => number): Uint8Array {
  const bytes = image.slice()
  const times = 1 + Math.floor(random() * 6)
  for (let i = 0; i < times; i++) {
    const offset = offsets[Math.floor(random() * offsets.length)]!
    const page = bytes.subarray(offset, offset + 4096)
    MUTATIONS[Math.floor(random() * 3)]!(page, random)
  }
  return bytes
}
