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
  const found = new WeakMap<A, Known<B, R>>()
  return {
    of(a, b, compare) {
      const known = found.get(a)
      if (known === undefined) {
        const result = compare()
        found.set(a, { b, result, others: null })
        return result
      }
      if (known.b === b) return known.result
      known.others ??= new WeakMap()
      let other = known.others.get(b)
      if (other === undefined) {
        other = { result: compare() }
        known.others.set(b, other)
      }
      return other.result
    },
  }
}

/** What one thing was compared with: mostly one other. */
interface Known<B extends object, R> {
  b: B
  result: R
  others: WeakMap<B, { result: R }> | null
}

/** A comparison that is made once for each two things. */
export function oncePerPair<A extends object, B extends object, R>(
  compare: (a: A, b: B) => R,
): (a: A, b: B) => R {
  const results = createPairResults<A, B, R>()
  return (a, b) => results.of(a, b, () => compare(a, b))
}
