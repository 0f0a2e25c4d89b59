import type { MarkKind, PassEdges } from '../../image/marks.js'

/*
 * What threads that look through one memory share: which part is next, how far the thread that wants the answer has come, and
 * what was found in the parts between, in a ring of places. A thread that is late or gone is not waited for: a part that it took
 * is looked at again, and what it finds then is dropped.
 */

/** Places in the ring: so many parts may be looked at before the first of them is taken off. */
const PLACES = 64

/** Most marks of a part that has a place; one with more is looked at again by who takes them off. */
const MOST_MARKS = 2 ** 10

/** A place's numbers: where its part begins and ends, and its marks. */
const PLACE_NUMBERS = 2 + MOST_MARKS

/** Words that all threads count in. */
const NEXT = 0
const TAKEN = 1
const WORDS_BEFORE_PLACES = 2

/** A place's words: its part and what is with it, and how many marks there are. */
const PLACE_WORDS = 2

/** What is with a part: the lowest digit of a place's state, below the number of the part. */
const FREE = 0
const CLAIMED = 1
const WRITING = 2
const FOUND = 3
const TAKEN_BACK = 4
const PHASES = 8

/** More parts than this no word counts. */
export const MOST_PARTS = 2 ** 27

/** How many marks a place says there are where there are too many. */
const TOO_MANY = -1

/** What is posted to a thread. */
export interface BoardData {
  kind: MarkKind
  /** As `MemoryParts.cuts`. */
  cuts: Float64Array
  words: Int32Array
  numbers: Float64Array
}

/** Marks of one part. */
export interface PartMarks {
  /** Null where there are too many to be kept. */
  addresses: number[] | null
  edges: PassEdges
}

export function createBoardData(kind: MarkKind, cuts: Float64Array): BoardData {
  const words = new Int32Array(new SharedArrayBuffer((WORDS_BEFORE_PLACES + PLACES * PLACE_WORDS) * 4))
  const numbers = new Float64Array(new SharedArrayBuffer(PLACES * PLACE_NUMBERS * 8))
  for (let part = 0; part < PLACES; part++) words[stateAt(part)] = part * PHASES + FREE
  return { kind, cuts, words, numbers }
}

/** Gathers the marks of a part, as many as are kept. */
export function gatherMarks(look: (visit: (address: number) => void) => PassEdges): PartMarks {
  let addresses: number[] | null = []
  const edges = look(address => {
    if (addresses !== null && addresses.push(address) > MOST_MARKS) addresses = null
  })
  return { addresses, edges }
}

/** The next part that nobody has; null where there is none, or no place for it. */
export function claimPart({ words, cuts }: BoardData): number | null {
  for (;;) {
    const part = Atomics.load(words, NEXT)
    if (part >= cuts.length - 1 || part >= Atomics.load(words, TAKEN) + PLACES) return null
    if (Atomics.compareExchange(words, NEXT, part, part + 1) !== part) continue
    if (change(words, part, FREE, CLAIMED)) return part
  }
}

/** Waits until there may be a part to claim. False where there is none left. */
export function awaitPart({ words, cuts }: BoardData): boolean {
  for (;;) {
    const taken = Atomics.load(words, TAKEN)
    const part = Atomics.load(words, NEXT)
    if (part >= cuts.length - 1) return false
    if (part < taken + PLACES) return true
    Atomics.wait(words, TAKEN, taken)
  }
}

/** Puts what a claimed part has into its place, where nobody has taken it back. */
export function putMarks({ words, numbers }: BoardData, part: number, { addresses, edges }: PartMarks): void {
  if (!change(words, part, CLAIMED, WRITING)) return
  const at = (part % PLACES) * PLACE_NUMBERS
  numbers[at] = edges.first
  numbers[at + 1] = edges.end
  if (addresses !== null) numbers.set(addresses, at + 2)
  words[stateAt(part) + 1] = addresses === null ? TOO_MANY : addresses.length
  change(words, part, WRITING, FOUND)
}

/** Gives back a claimed part that cannot be looked at here. */
export function giveBack({ words }: BoardData, part: number): void {
  change(words, part, CLAIMED, TAKEN_BACK)
}

/** What another thread has found in a part; null where it has not come so far. */
export function marksOf({ words, numbers }: BoardData, part: number): PartMarks | null {
  const state = stateAt(part)
  if (Atomics.load(words, state) !== part * PHASES + FOUND) return null
  const count = words[state + 1] as number
  const at = (part % PLACES) * PLACE_NUMBERS
  const addresses = count === TOO_MANY ? null : Array.from(numbers.subarray(at + 2, at + 2 + count))
  return { addresses, edges: { first: numbers[at] as number, end: numbers[at + 1] as number } }
}

/**
 * Waits for another thread to be done with a part, and takes it back from one that is not, for who calls to look at it. True
 * where it was taken back.
 */
export function awaitMarks({ words }: BoardData, part: number, patience: number): boolean {
  const state = stateAt(part)
  for (;;) {
    const seen = Atomics.load(words, state)
    if (seen === part * PHASES + FOUND) return false
    if (seen === part * PHASES + TAKEN_BACK) return true
    if (Atomics.wait(words, state, seen, patience) !== 'timed-out') continue
    if (change(words, part, FREE, TAKEN_BACK) || change(words, part, CLAIMED, TAKEN_BACK)) return true
  }
}

/** Says that a part is done with, whose place is then another's. */
export function takeOff({ words }: BoardData, part: number): void {
  Atomics.store(words, stateAt(part), (part + PLACES) * PHASES + FREE)
  Atomics.store(words, TAKEN, part + 1)
  Atomics.notify(words, TAKEN)
}

/** Leaves nothing to claim. */
export function endBoard({ words, cuts }: BoardData): void {
  Atomics.store(words, NEXT, cuts.length - 1)
  Atomics.store(words, TAKEN, cuts.length - 1)
  Atomics.notify(words, TAKEN)
}

/** True where that was what was with the part. */
function change(words: Int32Array, part: number, from: number, to: number): boolean {
  const state = stateAt(part)
  const changed = Atomics.compareExchange(words, state, part * PHASES + from, part * PHASES + to)
  if (changed !== part * PHASES + from) return false
  Atomics.notify(words, state)
  return true
}

function stateAt(part: number): number {
  return WORDS_BEFORE_PLACES + (part % PLACES) * PLACE_WORDS
}
