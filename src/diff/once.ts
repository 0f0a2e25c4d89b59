/**
 * A comparison that is made once for each two things: a dump costs its writer 64 bytes for one more file that has the same
 * handle, and a list of folios is as long as it likes.
 */
export function oncePerPair<A extends object, B extends object, R>(
  compare: (a: A, b: B) => R,
): (a: A, b: B) => R {
  const found = new WeakMap<A, WeakMap<B, { result: R }>>()
  return (a, b) => {
    let others = found.get(a)
    if (others === undefined) {
      others = new WeakMap()
      found.set(a, others)
    }
    let known = others.get(b)
    if (known === undefined) {
      known = { result: compare(a, b) }
      others.set(b, known)
    }
    return known.result
  }
}
