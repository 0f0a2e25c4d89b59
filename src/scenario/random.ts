/** A source of numbers that a seed decides. */
export interface Random {
  /** 32 random bits, unsigned. */
  word(): number
  /** A whole number from 0 up to and not including `limit`, which may exceed 2^32. */
  below(limit: number): number
}

/** xorshift128 over a seed that a multiply has spread: fast, the same on every machine, and not for secrets. */
export function createRandom(seed: number): Random {
  let state = (seed ^ 0x6b686f) >>> 0
  const next = () => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
    return (mixed ^ (mixed >>> 16)) >>> 0
  }
  let [x, y, z, w] = [next(), next(), next(), next() | 1]
  const word = () => {
    const t = x ^ (x << 11)
    x = y
    y = z
    z = w
    w = w ^ (w >>> 19) ^ t ^ (t >>> 8)
    return w >>> 0
  }
  return {
    word,
    below(limit) {
      return Math.floor(((word() % 2 ** 21) * 2 ** 32 + word()) * 2 ** -53 * limit)
    },
  }
}
