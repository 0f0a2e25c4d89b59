/** Results of comparisons, of each two things one. */
export interface PairResults<A extends object, B extends object, R> {
  /** What was found of the two; made where they were not compared before. */
  of(a: A, b: B, compare: () => R): R
}

/**
 * Keeps what comparisons came to: a dump costs its writer 64 bytes for one more file that has the same handle, and a list of
 * folios is as long as it likes.
 */
export function createPairResults<A extends object, B extends object, R>(): PairResults<A, B, R> {
  const found = new WeakMap<A, WeakMap<B, { result: R }>>()
  return {
    of(a, b, compare) {
      let others = found.get(a)
      if (others === undefined) {
        others = new WeakMap()
        found.set(a, others)
      }
      let known = others.get(b)
      if (known === undefined) {
        known = { result: compare() }
        others.set(b, known)
      }
      return known.result
    },
  }
}

/** A comparison that is made once for each two things. */
export function oncePerPair<A extends object, B extends object, R>(
  compare: (a: A, b: B) => R,
): (a: A, b: B) => R {
  const results = createPairResults<A, B, R>()
  return (a, b) => results.of(a, b, () => compare(a, b))
}
