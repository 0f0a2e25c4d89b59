import type { Sink } from '../../formats/dumps/index.js'
import { KhoError } from '../../formats/error.js'

/** The largest ArrayBuffer that every engine gives is about this long. */
const MOST_BYTES = 2 ** 31

/**
 * Runs a writer, and gives what it wrote as one ArrayBuffer; what it left out is zero.
 *
 * @param write hands its pieces to the sink, and gives the length of the whole
 * @throws KhoError `unsupported` for more than 2 GiB: write piece by piece then
 */
export function toArrayBuffer(write: (sink: Sink) => number): ArrayBuffer {
  let bytes = new Uint8Array(0)
  const room = (end: number) => {
    if (end > MOST_BYTES) throw new KhoError('unsupported', `${end} bytes do not fit into one ArrayBuffer`)
    if (end <= bytes.length) return
    const grown = new Uint8Array(Math.min(MOST_BYTES, Math.max(end, bytes.length * 2)))
    grown.set(bytes)
    bytes = grown
  }
  const size = write((piece, offset) => {
    room(offset + piece.length)
    bytes.set(piece, offset)
  })
  room(size)
  return bytes.length === size ? bytes.buffer : bytes.buffer.slice(0, size)
}
