import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { type PhysicalMemory, presentRanges } from '../../formats/memory/physical-memory.js'
import { type Range, rangesTouch } from '../../formats/memory/range.js'
import type { Content, ContentPiece } from '../model/piece.js'
import { createPairResults, type PairResults } from './once.js'

/** What can be read of one content. */
export interface ContentSource {
  memory: PhysicalMemory
  content: Content
}

/** How two contents compare, as far as both dumps hold them. */
export interface ContentComparison {
  /** Offsets of what differs, in units of 4 KiB, merged; the first ones. */
  different: Range[]
  /** Units that differ. */
  differentUnits: number
  /** Bytes that at least one of the dumps lacks. */
  unknownA: number
  unknownB: number
  /** Bytes that were not looked at, because there is more than can be. */
  skipped: number
}

/** What all comparisons of two states may read together: structures can say that a page is there a million times. */
export interface ContentBudget {
  bytes: number
  /** Units that may be asked for one by one, before the dumps are asked, once, for all that they have. */
  probes: number
  present: Map<PhysicalMemory, Range[]>
  /** What was found of contents that several items have. */
  compared: PairResults<object, object, ContentComparison>
  digests: WeakMap<object, { digest: string | null }>
}

const PIECE = 1 << 20
/** Smallest unit in which dumps leave memory out, and in which differences are told. */
const UNIT = 4096
const MOST_RANGES = 64

/** A budget for two dumps: enough for whatever is in them once, and for what compresses well. */
export function contentBudget(a: PhysicalMemory, b: PhysicalMemory): ContentBudget {
  return {
    bytes: 8 * (a.inputSize + b.inputSize) + 2 ** 34,
    probes: 2 ** 18,
    present: new Map(),
    compared: createPairResults(),
    digests: new WeakMap(),
  }
}

/** True where both contents lie at the same addresses in the same order. */
export function samePlaces(a: Content, b: Content): boolean {
  return ofBoth(places, a, b, () => samePlacesAnew(a, b))
}

const places = createPairResults<object, object, boolean>()

/** What comes of two contents: kept where others may have them, too. */
function ofBoth<R>(results: PairResults<object, object, R>, a: Content, b: Content, compare: () => R): R {
  return a.of === undefined || b.of === undefined ? compare() : results.of(a.of, b.of, compare)
}

function samePlacesAnew(a: Content, b: Content): boolean {
  const left = joinedPieces(a)
  const right = joinedPieces(b)
  for (;;) {
    const x = left.next()
    const y = right.next()
    if (x.done || y.done) return x.done === true && y.done === true
    const same =
      x.value.offset === y.value.offset &&
      x.value.length === y.value.length &&
      x.value.address === y.value.address &&
      (x.value.zeros ?? false) === (y.value.zeros ?? false)
    if (!same) return false
  }
}

/** Pieces that go on in the content and in memory are one. */
function* joinedPieces(content: Content): Generator<ContentPiece> {
  let open: ContentPiece | null = null
  for (const piece of content.pieces()) {
    const joins =
      open !== null &&
      open.offset + open.length === piece.offset &&
      open.address !== null &&
      open.address + open.length === piece.address &&
      (open.zeros ?? false) === (piece.zeros ?? false)
    if (joins) open = { ...(open as ContentPiece), length: open!.length + piece.length }
    else {
      if (open !== null) yield open
      open = piece
    }
  }
  if (open !== null) yield open
}

/** A stretch of a content: a piece, or a hole up to the next one. */
interface Stretch {
  offset: number
  length: number
  /** `zeros` reads as zeros, `missing` has no address. */
  address: number | 'zeros' | 'missing'
}

function* stretches(content: Content, size: number): Generator<Stretch> {
  let at = 0
  for (const { offset, length, address, zeros } of content.pieces()) {
    if (offset >= size) break
    if (offset > at) yield { offset: at, length: offset - at, address: 'zeros' }
    const end = Math.min(offset + length, size)
    const place = zeros === true ? 'zeros' : (address ?? 'missing')
    if (end > offset) yield { offset, length: end - offset, address: place }
    at = Math.max(at, end)
  }
  if (at < size) yield { offset: at, length: size - at, address: 'zeros' }
}

/** Compares two contents as far as both reach: bytes at the same offset. */
export function compareContents(
  a: ContentSource,
  b: ContentSource,
  budget: ContentBudget,
): ContentComparison {
  return ofBoth(budget.compared, a.content, b.content, () => compareAnew(a, b, budget))
}

function compareAnew(a: ContentSource, b: ContentSource, budget: ContentBudget): ContentComparison {
  const result = { different: [], differentUnits: 0, unknownA: 0, unknownB: 0, skipped: 0 }
  const size = Math.min(a.content.size, b.content.size)
  const left = stretches(a.content, size)
  const right = stretches(b.content, size)
  let x = left.next()
  let y = right.next()
  let at = 0
  while (!x.done && !y.done) {
    const end = Math.min(x.value.offset + x.value.length, y.value.offset + y.value.length)
    const placeX = placeAt(x.value, at)
    const placeY = placeAt(y.value, at)
    compareStretch(a.memory, b.memory, at, end - at, placeX, placeY, budget, result)
    at = end
    if (x.value.offset + x.value.length <= at) x = left.next()
    if (y.value.offset + y.value.length <= at) y = right.next()
  }
  return result
}

function placeAt(stretch: Stretch, offset: number): Stretch['address'] {
  const { address } = stretch
  return typeof address === 'number' ? address + (offset - stretch.offset) : address
}

function compareStretch(
  a: PhysicalMemory,
  b: PhysicalMemory,
  offset: number,
  length: number,
  x: Stretch['address'],
  y: Stretch['address'],
  budget: ContentBudget,
  result: ContentComparison,
): void {
  if (x === 'zeros' && y === 'zeros') return
  if (a === b && typeof x === 'number' && x === y) return
  if (x === 'missing' || y === 'missing') {
    if (x === 'missing') result.unknownA += length
    if (y === 'missing') result.unknownB += length
    return
  }
  for (let done = 0; done < length; ) {
    if (budget.bytes <= 0) {
      result.skipped += length - done
      return
    }
    const count = Math.min(length - done, PIECE)
    const places = { x: placed(x, done), y: placed(y, done) }
    const lacksA = isAbsent(a, places.x, count, budget)
    const lacksB = isAbsent(b, places.y, count, budget)
    if (lacksA) result.unknownA += count
    if (lacksB) result.unknownB += count
    budget.bytes -= lacksA || lacksB ? UNIT : count
    if (!lacksA && !lacksB) compareChunk(a, b, offset + done, count, places, budget, result)
    done += count
  }
}

/** True where a dump is known to have nothing of a chunk. Found out only when much was missing before. */
function isAbsent(
  memory: PhysicalMemory,
  place: number | 'zeros',
  length: number,
  budget: ContentBudget,
): boolean {
  if (budget.probes > 0 || place === 'zeros') return false
  const present = budget.present.get(memory) ?? presentRanges(memory)
  budget.present.set(memory, present)
  return !rangesTouch(present, place, place + length)
}

function placed(place: number | 'zeros', done: number): number | 'zeros' {
  return typeof place === 'number' ? place + done : place
}

/** At most a MiB; where it is not whole, or differs, unit by unit. */
function compareChunk(
  a: PhysicalMemory,
  b: PhysicalMemory,
  offset: number,
  length: number,
  { x, y }: { x: number | 'zeros'; y: number | 'zeros' },
  budget: ContentBudget,
  result: ContentComparison,
): void {
  const left = readPlace(a, x, length)
  const right = readPlace(b, y, length)
  if (left !== null && right !== null) {
    if (sameBytes(left, right)) return
    if (length <= UNIT) {
      addDifference(result, offset, length)
      return
    }
  } else if (length <= UNIT) {
    if (left === null) result.unknownA += length
    if (right === null) result.unknownB += length
    return
  }
  for (let done = 0; done < length; ) {
    // Units of the content, which are the pages of a file.
    const count = Math.min(UNIT - ((offset + done) % UNIT), length - done)
    budget.probes--
    compareChunk(a, b, offset + done, count, { x: placed(x, done), y: placed(y, done) }, budget, result)
    done += count
  }
}

const ZEROS = new Uint8Array(PIECE)

/** Null where the dump lacks a byte of it. */
function readPlace(memory: PhysicalMemory, place: number | 'zeros', length: number): Uint8Array | null {
  if (place === 'zeros') return ZEROS.subarray(0, length)
  const read = memory.read(place, length)
  return read.ok ? read.bytes : null
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let n = 0; n < a.length; n++) if (a[n] !== b[n]) return false
  return true
}

function addDifference(result: ContentComparison, start: number, length: number): void {
  result.differentUnits++
  const last = result.different.at(-1)
  if (last?.end === start) last.end = start + length
  else if (result.different.length < MOST_RANGES) result.different.push({ start, end: start + length })
}

/** Hash of a whole content; null where the dump lacks a byte of it, or there is more than can be read. */
export function contentDigest(source: ContentSource, budget: ContentBudget): string | null {
  const { of } = source.content
  if (of === undefined) return digestAnew(source, budget)
  let known = budget.digests.get(of)
  if (known === undefined) {
    known = { digest: digestAnew(source, budget) }
    budget.digests.set(of, known)
  }
  return known.digest
}

function digestAnew({ memory, content }: ContentSource, budget: ContentBudget): string | null {
  const hash = sha256.create()
  for (const { length, address } of stretches(content, content.size)) {
    if (address === 'missing') return null
    for (let done = 0; done < length; done += PIECE) {
      const count = Math.min(length - done, PIECE)
      budget.bytes -= count
      const bytes = budget.bytes < 0 ? null : readPlace(memory, placed(address, done), count)
      if (bytes === null) return null
      hash.update(bytes)
    }
  }
  return bytesToHex(hash.digest())
}
