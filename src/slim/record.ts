import { readSetupData } from '../../formats/handoff/setup-data.js'
import type { Block, PhysicalMemory } from '../../formats/memory/physical-memory.js'
import { intersectRanges, type Range, roundRanges } from '../../formats/memory/range.js'
import { createRangeLog, type RangeLog } from '../../formats/memory/range-log.js'
import { type FoundRoots, fdtBytes, findRoots, imageSearch } from '../image/find-roots.js'
import type { Progress } from '../image/marks.js'
import type { KhoImage } from '../image/open.js'

/** What a pass over an image turned up: where evidence lies, and which memory the image has bytes for. */
export interface Survey {
  found: FoundRoots
  /** Memory with bytes. */
  present: Range[]
}

/** Looks at all of an image once more than a state needs: the records that name roots, and what memory there is. */
export function surveyImage(image: KhoImage, progress?: Progress): Survey {
  const { memory } = image
  const known = memory.present?.()
  if (known !== undefined) return { found: findRoots(memory, progress, imageSearch(image)), present: known }
  const present = createRangeLog()
  const watched: PhysicalMemory = {
    ...memory,
    *blocks(which) {
      for (const block of memory.blocks(which)) {
        present.add(block.phys, block.phys + block.bytes.length)
        yield block
      }
    },
  }
  return { found: findRoots(watched, progress), present: present.list() }
}

/** An image that notes what is read of it. */
export interface Recording {
  image: KhoImage
  /** Bytes that were read, to the byte. */
  log: RangeLog
}

/** Smallest unit in which memory is kept. */
const UNIT = 4096

/**
 * The image as it would be with nothing in it but the evidence: a search finds the same roots and records. Reads go to
 * all of the memory, and are noted; of one that fails, what comes before the first missing byte.
 */
export function recordImage(image: KhoImage, survey: Survey, given: number | null): Recording {
  const { memory } = image
  const log = createRangeLog()
  const { present: _, writtenBytes: __, ...rest } = memory
  const recorded: PhysicalMemory = {
    ...rest,
    read(phys, length) {
      const result = memory.read(phys, length)
      log.add(phys, result.ok ? phys + length : Math.max(phys, result.address))
      return result
    },
  }
  const { roots, handovers } = survey.found
  for (const { address } of roots) fdtBytes(recorded, address)
  if (given !== null) fdtBytes(recorded, given)
  for (const { kind, address } of handovers) {
    if (kind === 'setup-data') readSetupData(recorded, address)
    else fdtBytes(recorded, address)
  }
  const evidence = intersectRanges(roundRanges(log.list(), UNIT), survey.present)
  recorded.blocks = () => blocksOf(memory, evidence)
  return { image: { ...image, memory: recorded }, log }
}

function* blocksOf(memory: PhysicalMemory, ranges: readonly Range[]): Generator<Block> {
  for (const { start, end } of ranges) {
    const read = memory.read(start, end - start)
    if (read.ok) yield { phys: start, bytes: read.bytes, offset: read.offset }
  }
}
