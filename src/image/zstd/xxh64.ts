import { viewOf } from '../../../formats/memory/u64.js'

/*
 * 64-bit arithmetic in 32-bit halves: BigInt would make the checksum some twenty times as slow as the
 * decompression that it checks.
 */

/** Lanes take turns while the bytes are in the processor's cache. */
const STRIPES_AT_ONCE = 512

/** High halves of the four accumulators, then the low ones. */
type Lanes = Int32Array

const P1_HIGH = 0x9e3779b1
const P1_LOW = 0x85ebca87
const P2_HIGH = 0xc2b2ae3d
const P2_LOW = 0x27d4eb4f

const MASK = 0xffff_ffff_ffff_ffffn
const P1 = 0x9e3779b185ebca87n
const P2 = 0xc2b2ae3d27d4eb4fn
const P3 = 0x165667b19e3779f9n
const P4 = 0x85ebca77c2b2ae63n
const P5 = 0x27d4eb2f165667c5n

/** XXH64 with seed 0 (https://github.com/Cyan4973/xxHash, doc/xxhash_spec.md): zstd's content checksum. */
export function xxh64(bytes: Uint8Array): bigint {
  const hash = createXxh64()
  hash.update(bytes)
  return hash.digest()
}

/** The checksum of bytes that come in pieces. */
export interface Xxh64 {
  update(bytes: Uint8Array): void
  digest(): bigint
}

/** As {@link xxh64}, for pieces. */
export function createXxh64(): Xxh64 {
  const lanes = firstLanes()
  const rest = new Uint8Array(STRIPE)
  let kept = 0
  let length = 0
  return {
    update(bytes) {
      length += bytes.length
      let at = 0
      if (kept > 0) {
        at = Math.min(STRIPE - kept, bytes.length)
        rest.set(bytes.subarray(0, at), kept)
        kept += at
        if (kept < STRIPE) return
        hashStripes(viewOf(rest), 1, lanes)
        kept = 0
      }
      const stripes = Math.floor((bytes.length - at) / STRIPE)
      if (stripes > 0) hashStripes(viewOf(bytes.subarray(at)), stripes, lanes)
      const tail = bytes.subarray(at + stripes * STRIPE)
      rest.set(tail)
      kept = tail.length
    },
    digest: () => finish(length >= STRIPE ? merge(lanes) : P5, length, viewOf(rest.subarray(0, kept))),
  }
}

const STRIPE = 32

/** @param view what is left behind the last whole stripe */
function finish(start: bigint, length: number, view: DataView): bigint {
  let hash = (start + BigInt(length)) & MASK
  let at = 0
  for (; at + 8 <= view.byteLength; at += 8) {
    hash ^= round(0n, view.getBigUint64(at, true))
    hash = (rotate(hash, 27n) * P1 + P4) & MASK
  }
  if (at + 4 <= view.byteLength) {
    hash ^= (BigInt(view.getUint32(at, true)) * P1) & MASK
    hash = (rotate(hash, 23n) * P2 + P3) & MASK
    at += 4
  }
  for (; at < view.byteLength; at++) {
    hash ^= (BigInt(view.getUint8(at)) * P5) & MASK
    hash = (rotate(hash, 11n) * P1) & MASK
  }
  hash = ((hash ^ (hash >> 33n)) * P2) & MASK
  hash = ((hash ^ (hash >> 29n)) * P3) & MASK
  return hash ^ (hash >> 32n)
}

function firstLanes(): Lanes {
  const lanes: Lanes = new Int32Array(8)
  const seeds = [P1 + P2, P2, 0n, -P1]
  seeds.forEach((seed, lane) => {
    lanes[lane] = Number(BigInt.asIntN(32, seed >> 32n))
    lanes[4 + lane] = Number(BigInt.asIntN(32, seed))
  })
  return lanes
}

function hashStripes(view: DataView, stripes: number, lanes: Lanes): void {
  for (let first = 0; first < stripes; first += STRIPES_AT_ONCE) {
    const last = Math.min(stripes, first + STRIPES_AT_ONCE)
    for (let lane = 0; lane < 4; lane++) runLane(view, lanes, lane, first, last)
  }
}

function merge(lanes: Lanes): bigint {
  const accumulators = [0, 1, 2, 3].map(lane => {
    return BigInt.asUintN(64, (BigInt(lanes[lane]!) << 32n) | BigInt(lanes[4 + lane]! >>> 0))
  })
  const [a, b, c, d] = accumulators as [bigint, bigint, bigint, bigint]
  let hash = (rotate(a, 1n) + rotate(b, 7n) + rotate(c, 12n) + rotate(d, 18n)) & MASK
  for (const lane of accumulators) {
    hash ^= round(0n, lane)
    hash = (hash * P1 + P4) & MASK
  }
  return hash
}

/** acc = rotate(acc + input * P2, 31) * P1, over 8 bytes of each stripe. */
function runLane(view: DataView, lanes: Lanes, lane: number, first: number, last: number): void {
  let high = lanes[lane]!
  let low = lanes[4 + lane]!
  for (let at = first * 32 + lane * 8; at < last * 32; at += 32) {
    const inputLow = view.getInt32(at, true)
    const inputHigh = view.getInt32(at + 4, true)
    // input * P2
    const productLow = Math.imul(inputLow, P2_LOW)
    const productHigh =
      (multiplyHigh(inputLow, P2_LOW) + Math.imul(inputLow, P2_HIGH) + Math.imul(inputHigh, P2_LOW)) | 0
    // acc + product, with the carry of the low halves
    const sumLow = (low + productLow) | 0
    const carry = sumLow >>> 0 < low >>> 0 ? 1 : 0
    const sumHigh = (high + productHigh + carry) | 0
    // rotate left by 31
    const turnedHigh = (sumHigh << 31) | (sumLow >>> 1)
    const turnedLow = (sumLow << 31) | (sumHigh >>> 1)
    // * P1
    low = Math.imul(turnedLow, P1_LOW)
    high =
      (multiplyHigh(turnedLow, P1_LOW) + Math.imul(turnedLow, P1_HIGH) + Math.imul(turnedHigh, P1_LOW)) | 0
  }
  lanes[lane] = high
  lanes[4 + lane] = low
}

/** The high half of an unsigned 32 by 32 bit product, from products of 16-bit halves. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff
  const aHigh = a >>> 16
  const bLow = b & 0xffff
  const bHigh = b >>> 16
  // Neither sum leaves 32 bits: 0xffff * 0xffff + 0xffff = 0xffff0000.
  const middle = Math.imul(aHigh, bLow) + (Math.imul(aLow, bLow) >>> 16)
  const cross = Math.imul(aLow, bHigh) + (middle & 0xffff)
  return (Math.imul(aHigh, bHigh) + (middle >>> 16) + (cross >>> 16)) | 0
}

function round(accumulator: bigint, input: bigint): bigint {
  return (rotate((accumulator + input * P2) & MASK, 31n) * P1) & MASK
}

function rotate(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & MASK
}
