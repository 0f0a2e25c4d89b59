import type { Worker } from 'node:worker_threads'
import type { OpenOptions } from '../../image/open.js'
import type { FileSource } from '../file-source.js'
import { packageFile } from '../package-file.js'
import type { BoardData } from './board.js'
import type { SharedImage } from './worker.js'

/** The program of a thread in one file, which scripts/bundle.js makes, and as it was compiled. */
const PROGRAMS = ['dist/kho/search.cjs', 'dist/src/node/search/worker.js']

/** The file of an image or its contents, then those of its further parts, and how they were opened. */
export interface OpenFiles {
  files: readonly FileSource[]
  options: OpenOptions
}

/** Threads that look through an image. */
export interface Threads {
  post(board: BoardData): void
  end(): void
}

/**
 * Starts threads; as many as can be had, and perhaps none. Nobody hears of one that fails: what it had to do is done by who
 * started it.
 */
export function startThreads(count: number, { files, options }: OpenFiles): Threads {
  const { format, base, map, lowMemory } = options
  const shared: SharedImage = {
    files: files.map(({ fd, size, written }) => ({ fd: fd!, size, written: written?.() ?? null })),
    options: Object.fromEntries(
      Object.entries({ format, base, map, lowMemory }).filter(([, value]) => value !== undefined),
    ),
  }
  const threads: Worker[] = []
  try {
    for (let n = 0; n < count; n++) threads.push(startThread(shared))
  } catch {
    // No program where a bundler has put this elsewhere, no thread under `ulimit -u` or --permission: then fewer, or none.
  }
  return {
    post(board) {
      for (const thread of threads) thread.postMessage(board)
    },
    end() {
      for (const thread of threads) void thread.terminate()
    },
  }
}

function startThread(workerData: SharedImage): Worker {
  // Loaded here: it brings streams along.
  const { Worker } = process.getBuiltinModule('node:worker_threads')
  const sea = process.getBuiltinModule('node:sea')
  // What it would print goes nowhere: joining it to what this process prints makes streams of that, 3 ms.
  const settings = { workerData, execArgv: [], trackUnmanagedFds: false, stdout: true, stderr: true }
  const thread = sea.isSea()
    ? new Worker(sea.getAsset(PROGRAMS[0]!, 'utf8'), { ...settings, eval: true })
    : new Worker(program(), settings)
  thread.on('error', () => {})
  thread.unref()
  return thread
}

function program(): string {
  const [bundled, compiled] = PROGRAMS as [string, string]
  try {
    return packageFile(bundled)
  } catch {
    return packageFile(compiled)
  }
}
