import { MAX_BLOCK_BYTES } from './sequences.js'

/** The contents of one frame as they come about: as much of them is kept as a match can reach. */
export interface FrameOutput {
  /** Bytes at hand, all of the frame: what a match may reach. */
  readonly length: number
  /** Bytes of the frame so far. */
  readonly total: number
  /**
   * Makes room for so many bytes behind those at hand, for the caller to set, in the array that is returned. Good until the
   * next call.
   */
  extend(count: number): Uint8Array
  push(bytes: Uint8Array): void
  fill(value: number, count: number): void
  /** Hands the rest on. */
  finish(): void
}

/** At least so much is handed on at once. */
const PIECE_BYTES = 2 ** 20

/**
 * @param window how far back a match may reach
 * @param put is handed every byte once, in order; what it is handed is good during the call only
 */
export function frameOutput(window: number, put: (bytes: Uint8Array) => void): FrameOutput {
  let store = new Uint8Array(0)
  let length = 0
  let handed = 0
  let total = 0

  const hand = () => {
    if (length > handed) put(store.subarray(handed, length))
    handed = length
  }
  /** Twice the window, so that what stays is moved once for as many bytes that come. */
  const most = 2 * window + PIECE_BYTES + MAX_BLOCK_BYTES
  const makeRoom = (count: number) => {
    if (length + count <= store.length) return
    if (store.length >= most) {
      hand()
      const kept = Math.min(window, length)
      store.copyWithin(0, length - kept, length)
      length = kept
      handed = kept
      return
    }
    const grown = new Uint8Array(Math.min(most, Math.max(length + count, store.length * 2)))
    grown.set(store.subarray(0, length))
    store = grown
  }
  const extend = (count: number): Uint8Array => {
    makeRoom(count)
    length += count
    total += count
    return store
  }
  return {
    get length() {
      return length
    },
    get total() {
      return total
    },
    extend,
    push(bytes) {
      extend(bytes.length).set(bytes, length - bytes.length)
    },
    fill(value, count) {
      extend(count).fill(value, length - count, length)
    },
    finish: hand,
  }
}
