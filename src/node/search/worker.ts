/**
 * A thread that looks through parts of an image. It reads the files by the descriptors of the thread that has them open.
 *
 * @module
 */
import { parentPort, workerData } from 'node:worker_threads'
import type { MemoryParts } from '../../../formats/memory/physical-memory.js'
import type { Range } from '../../../formats/memory/range.js'
import { eachMark } from '../../image/marks.js'
import { type OpenOptions, openContents } from '../../image/open.js'
import { descriptorSource } from '../file-source.js'
import { awaitPart, type BoardData, claimPart, gatherMarks, giveBack, putMarks } from './board.js'

/** A file that is open in this process. */
export interface SharedFile {
  fd: number
  size: number
  /** As `ByteSource.written`, where that is known. */
  written: readonly Range[] | null
}

/** What a thread is started with: the files of an image, and how they were opened. */
export interface SharedImage {
  files: readonly SharedFile[]
  options: OpenOptions
}

async function openParts({ files, options }: SharedImage): Promise<MemoryParts | undefined> {
  const [source, ...parts] = files.map(({ fd, size, written }) => ({
    ...descriptorSource(fd, 'the image', size),
    ...(written === null ? {} : { written: () => written }),
  }))
  const dump = await openContents({ name: 'the image', source: source!, parts }, options, {
    codecs: async () => (await import('../codecs.js')).codecs,
  })
  return dump.memory.parts
}

function work(parts: MemoryParts, board: BoardData): void {
  while (awaitPart(board)) {
    const part = claimPart(board)
    if (part === null) continue
    try {
      const pass = parts.pass(board.cuts[part]!, board.cuts[part + 1]!)
      const marks = gatherMarks(visit => eachMark(board.kind, pass, visit))
      putMarks(board, part, marks)
    } catch {
      // What is wrong is said by who asked, who looks at the same part and meets the same.
      giveBack(board, part)
    }
  }
}

const opened = openParts(workerData as SharedImage).catch(() => undefined)

parentPort?.on('message', async (board: BoardData) => {
  const parts = await opened
  if (parts !== undefined) work(parts, board)
})
