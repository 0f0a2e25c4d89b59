import { KhoError } from '../../formats/error.js'

/** The elements of a list. */
export interface Elements<U> {
  readonly length: number
  item(n: number): U
  /** The natural key of an element, a byte string; null where it has none. */
  key?(n: number): string | null
  /** Set where no two keys are equal: spares a look at all of them. */
  readonly distinct?: boolean
  /** The element that a segment names, or -1; where there is a faster way than to look at all keys. */
  find?(segment: string | number): number
  /** Why there may be more; absent where there are not. */
  readonly missing?: string
  /** Paths that elements have already. */
  readonly named?: Named
}

/** Paths that a decoder gave to the elements of a list, as they are named in faults. */
export interface Named {
  /** Path of the list that they are below. */
  readonly list: string
  path(n: number): string
}

/** No elements. */
export const NO_ELEMENTS: Elements<never> = {
  length: 0,
  item: n => {
    throw new KhoError('usage', `a list without elements has none of number ${n}`)
  },
}

/** An array as elements; `missing` says why there may be more. */
export function elementsOf<U>(
  items: readonly U[],
  key?: (element: U) => string | null,
  missing?: string | null,
): Elements<U> {
  return madeElements(items, item => item, key, missing)
}

/** The same of what a decoder gave paths to, below that of the list. */
export function namedElements<U extends { readonly path: string }>(
  list: string,
  items: readonly U[],
  key: (element: U) => string | null,
  missing?: string | null,
): Elements<U> {
  const named = { list, path: (n: number) => items[n]!.path }
  return { ...elementsOf(items, key, missing), named }
}

/**
 * Elements that are made of the items of an array when they are looked at. Keys are those of the items: one array always has
 * the same.
 */
export function madeElements<I, U>(
  items: readonly I[],
  make: (item: I, n: number) => U,
  key?: (item: I) => string | null,
  missing?: string | null,
): Elements<U> {
  return {
    length: items.length,
    item: n => make(items[n] as I, n),
    ...(key === undefined
      ? {}
      : { key: n => key(items[n] as I), find: segment => findItem(items, key, segment) }),
    ...(missing == null ? {} : { missing }),
  }
}

/** Where the keys of arrays are: a path into each of very many elements must not look at all of them every time. */
const places = new WeakMap<readonly unknown[], Map<string, number>>()

/** The item that a segment names, by its number, or by its key where no other has it; -1 where there is none. */
function findItem<I>(items: readonly I[], key: (item: I) => string | null, segment: string | number): number {
  if (typeof segment === 'number') return segment < items.length ? segment : -1
  let found = places.get(items)
  if (found === undefined) {
    found = new Map()
    for (const [n, item] of items.entries()) {
      const own = key(item)
      if (own !== null) found.set(own, found.has(own) ? -1 : n)
    }
    places.set(items, found)
  }
  return found.get(segment) ?? -1
}
