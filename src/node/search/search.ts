import { availableParallelism } from 'node:os'
import type { MemoryParts, PhysicalMemory } from '../../../formats/memory/physical-memory.js'
import {
  eachMark,
  eachMarkBetween,
  type MarkKind,
  type PassEdges,
  type Progress,
  type Search,
  searchOf,
  totalOf,
} from '../../image/marks.js'
import {
  awaitMarks,
  type BoardData,
  claimPart,
  createBoardData,
  endBoard,
  gatherMarks,
  MOST_PARTS,
  marksOf,
  type PartMarks,
  takeOff,
} from './board.js'
import { type OpenFiles, startThreads, type Threads } from './threads.js'

/** Memory in a part: a few milliseconds of reading, a tenth of a second of decompressing. */
const PART_BYTES = 2 ** 22

/** Less than this is not worth a thread. */
const LARGE = 2 ** 28

/** A thread takes a third as long to begin, and slows this one down meanwhile: what this one is through with sooner it does alone. */
const WORTH_MS = 100

/** By so many parts it tells how long the rest takes, but not by the first, which V8 has not made fast yet. */
const TRIED = 8
const SLOW_PARTS = 16

/** By so few it tells that the rest takes so long that it does not matter what V8 has made fast. */
const FIRST_PARTS = 4
const SURE_MS = 1000

/** So many parts take longer than it takes a thread to begin, whatever they are in. */
const LONG_PARTS = 512

/** Reading saturates memory with few, decompressing a disk with a few more. */
const MOST_THREADS = 8

/** So long may a thread be at one part while there is nothing else to do here. */
const PATIENCE_MS = 1000

/** What is looked through, and what it is in. */
interface SearchedImage extends OpenFiles {
  memory: PhysicalMemory
}

/** How threads are used. */
export interface SearchSettings {
  /** How many look at once, this one among them; default: as many as there are processors for them. */
  threads?: number
  /** Smallest memory that more than one looks through. */
  large?: number
  partBytes?: number
  /** How long a part is waited for that another has taken. */
  patience?: number
  /** This one leaves everything to the others, as long as they do it. */
  idle?: boolean
}

/** A search by several threads. */
export interface ThreadedSearch {
  run: Search
  /** Parts that this thread and others have looked at so far. */
  readonly looked: { here: number; elsewhere: number }
  close(): void
}

/**
 * Looks through memory with as many threads as there are processors, this one among them: the answer is that of
 * {@link searchOf}, mark by mark. Where there is one processor, or no thread to be had, or little to look at, this one does it
 * alone. Threads start where that is worth it, and end with `close`.
 */
export function threadedSearch(image: SearchedImage, settings: SearchSettings = {}): ThreadedSearch {
  const { memory, files } = image
  const { large = LARGE, partBytes = PART_BYTES, patience = PATIENCE_MS, idle = false } = settings
  const count = Math.min(settings.threads ?? availableParallelism(), MOST_THREADS)
  const alone = searchOf(memory)
  let threads: Threads | null | undefined
  let cuts: Float64Array | undefined
  const looked = { here: 0, elsewhere: 0 }

  const run: Search = (kinds, visit, progress) => {
    const { parts } = memory
    const shared = count > 1 && parts !== undefined && files.every(({ fd }) => fd !== undefined)
    if (!shared || totalOf(memory) < large) return alone(kinds, visit, progress)
    cuts ??= parts.cuts(partBytes)
    if (cuts.length - 1 > MOST_PARTS) return alone(kinds, visit, progress)
    for (const kind of kinds) together(kind, parts, cuts, address => visit(address, kind), progress)
  }

  function together(
    kind: MarkKind,
    parts: MemoryParts,
    cuts: Float64Array,
    visit: (address: number) => void,
    progress: Progress | undefined,
  ): void {
    const board = createBoardData(kind, cuts)
    const help = {
      isWanted: idle || threads !== undefined ? () => true : pace(cuts.length - 1),
      start() {
        threads ??= startThreads(count - 1, image)
        threads.post(board)
      },
    }
    const total = totalOf(memory)
    let before: PassEdges = { first: -1, end: -1 }
    try {
      for (const { marks, here, part } of eachPart(board, parts, help, { idle, patience })) {
        eachMarkBetween(kind, memory, before, marks.edges, visit)
        if (marks.addresses === null) lookAt(board, parts, part, visit)
        else marks.addresses.forEach(visit)
        before = marks.edges
        looked[here ? 'here' : 'elsewhere']++
        progress?.(((part + 1) / (cuts.length - 1)) * total, total)
      }
    } finally {
      endBoard(board)
    }
  }
  return { run, looked, close: () => threads?.end() }
}

/** The marks of all parts in their order; this thread looks at parts itself as long as there are any, and has others start where that takes long. */
function* eachPart(
  board: BoardData,
  parts: MemoryParts,
  help: { isWanted(part: number): boolean; start(): void },
  { idle, patience }: { idle: boolean; patience: number },
): Generator<{ part: number; marks: PartMarks; here: boolean }> {
  const mine = new Map<number, PartMarks>()
  const look = (part: number) =>
    void mine.set(
      part,
      gatherMarks(visit => lookAt(board, parts, part, visit)),
    )
  const count = board.cuts.length - 1
  let alone = true
  for (let part = 0; part < count; ) {
    if (alone && help.isWanted(part)) {
      alone = false
      help.start()
    }
    const marks = mine.get(part) ?? marksOf(board, part)
    if (marks !== null) {
      yield { part, marks, here: mine.delete(part) }
      takeOff(board, part++)
      continue
    }
    const next = idle ? null : claimPart(board)
    if (next !== null) look(next)
    else if (awaitMarks(board, part, patience)) look(part)
  }
}

/** Tells, when asked before each part, whether what is left takes one thread so long that others are worth it. */
function pace(count: number): (part: number) => boolean {
  const start = performance.now()
  let from = SLOW_PARTS
  let began = 0
  let before = 0
  return part => {
    if (count > LONG_PARTS) return true
    const now = performance.now()
    if (part === FIRST_PARTS && ((now - start) / part) * (count - part) > SURE_MS) return true
    if (part < from) return false
    if (began === 0) began = now
    if (part < from + TRIED) return false
    const each = (now - began) / (part - from)
    // One that is slow may have been kept waiting: the faster of two tells.
    const usual = Math.min(each, before)
    before = each
    from = part
    began = now
    return usual * (count - part) > WORTH_MS
  }
}

function lookAt(
  { kind, cuts }: BoardData,
  parts: MemoryParts,
  part: number,
  visit: (address: number) => void,
): PassEdges {
  return eachMark(kind, parts.pass(cuts[part]!, cuts[part + 1]!), visit)
}
