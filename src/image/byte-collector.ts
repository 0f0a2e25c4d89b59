import { KhoError } from '../../formats/error.js'

/** Collects bytes of unknown number into one array, up to a limit. */
export interface ByteCollector {
  readonly length: number
  /** Copies the bytes to the end. */
  push(bytes: Uint8Array): void
  /** Adds so many bytes of one value. */
  fill(value: number, count: number): void
  /**
   * Adds so many bytes, for the caller to set: at the old length, in the array that is returned, which begins
   * with all that was collected before. Good until the next call.
   */
  extend(count: number): Uint8Array
  /** What was collected so far; a view without a copy. */
  bytes(): Uint8Array
}

/** First size when nothing is known. */
const FIRST_BYTES = 2 ** 20

/**
 * @param limit most bytes that are taken; `exceeded` makes the error beyond it.
 * @param expected bytes that will probably come: with a right guess nothing is ever moved.
 */
export function byteCollector(limit: number, expected: number, exceeded: () => KhoError): ByteCollector {
  let store: Uint8Array = new Uint8Array(0)
  let length = 0

  function extend(count: number): Uint8Array {
    const end = length + count
    if (end > limit) throw exceeded()
    if (end > store.length) {
      const size = Math.max(end, expected, expected === 0 ? FIRST_BYTES : 0, store.length * 2)
      const grown = allocate(Math.min(limit, size))
      grown.set(store.subarray(0, length))
      store = grown
    }
    length = end
    return store
  }

  return {
    get length() {
      return length
    },
    push(more) {
      const start = length
      extend(more.length).set(more, start)
    },
    fill(value, count) {
      const start = length
      extend(count).fill(value, start, start + count)
    },
    extend,
    bytes: () => store.subarray(0, length),
  }
}

function allocate(length: number): Uint8Array {
  try {
    return new Uint8Array(length)
  } catch {
    throw new KhoError('unsupported', `no memory for ${length} decompressed bytes`)
  }
}
