import {
  fileData,
  fileHandler,
  fileSegments,
  fileToken,
  SESSION_NAME_BYTES,
  sessionFileCount,
  sessionFiles,
  sessionName,
} from '../../../formats/blobs/luo-entry.js'
import {
  appendPath,
  KHO_BLOCK_HEADER,
  KHO_MAX_BLOCKS,
  LUO_FILE_SER,
  offsetOf,
} from '../../../formats/layout/index.js'
import { hex } from '../../../formats/memory/fault.js'
import { viewOf } from '../../../formats/memory/u64.js'
import { type Running, report, restoreFree, silent, step } from './context.js'
import { retrieveMemfd } from './memfd.js'

/** Where a block has its two words. */
const BLOCK_NEXT = offsetOf(KHO_BLOCK_HEADER, 'next')
export const BLOCK_COUNT = offsetOf(KHO_BLOCK_HEADER, 'count')

/** A file that user space can ask for, as it was taken over. */
export interface TakenFile {
  compatible: string
  data: bigint
  token: bigint
  path: string
  /** A file before it in its session has the same token. */
  isAgain: boolean
}

/** Sees an entry of a list: bytes around it, as a view too, and its offset there. False ends the walk. */
type VisitEntry = (bytes: Uint8Array, view: DataView, offset: number, address: number) => boolean

/**
 * Walks `count` entries that lie one behind another. Those of one page are read together where all of it is there, which
 * looks at no page more; else each when the kernel comes to it. False where `visit` ended it. @throws Halt
 */
export function walkEntries(
  { memory, geometry }: Running,
  start: number,
  count: number,
  size: number,
  visit: VisitEntry,
): boolean {
  const { pageSize } = geometry
  for (let n = 0; n < count; ) {
    const address = start + n * size
    const left = pageSize - (((address % pageSize) + pageSize) % pageSize)
    const together = Math.min(count - n, Math.floor(left / size))
    const whole = together > 1 ? memory.whole(address, together * size) : null
    const bytes = whole ?? memory.read(address, size)
    const view = viewOf(bytes)
    const read = whole === null ? 1 : together
    for (let i = 0; i < read; i++) if (!visit(bytes, view, i * size, address + i * size)) return false
    n += read
  }
  return true
}

/**
 * kho_block_set_restore(), kernel/liveupdate/kho_block.c 7.2 and 7.3: Floyd's walk for cycles, then each block's count. The
 * blocks' addresses; null where the chain is refused, which was reported. Throws Halt where the kernel faults.
 */
export function restoreBlocks(
  running: Running,
  first: number,
  entrySize: number,
  path: string,
): number[] | null {
  const { memory, geometry } = running
  const capacity = Math.floor((geometry.pageSize - KHO_BLOCK_HEADER.size) / entrySize)
  if (isCyclic(running, first)) {
    report(running, 'LUO-BLOCK-CYCLE', 'Block set is corrupted: -EINVAL', path, first)
    return null
  }
  const blocks: number[] = []
  for (let at = first; at !== 0; at = memory.u64(at + BLOCK_NEXT)) {
    const count = memory.u64(at + BLOCK_COUNT)
    if (count === 0 || count > capacity) {
      report(running, 'LUO-BLOCK-COUNT', `Block contains invalid entry count: ${count}: -EINVAL`, path, at)
      return null
    }
    if (blocks.length >= KHO_MAX_BLOCKS) {
      report(running, 'LUO-BLOCK-LIMIT', `more than ${KHO_MAX_BLOCKS} blocks: -ENOSPC`, path, at)
      return null
    }
    blocks.push(at)
  }
  return blocks
}

/** kho_block_set_is_cyclic(): `fast` goes two blocks for one of `slow`, at most 10,000 times. */
function isCyclic({ memory }: Running, first: number): boolean {
  let fast = first
  let slow = first
  for (let count = 0; ; count++) {
    if (count >= KHO_MAX_BLOCKS) return true
    for (let n = 0; n < 2; n++) {
      const next = memory.u64(fast + BLOCK_NEXT)
      if (next === 0) return false
      fast = next
    }
    slow = memory.u64(slow + BLOCK_NEXT)
    if (slow === fast) return true
  }
}

/** Frees the blocks of a chain: kho_block_set_destroy() of what came in. */
export function freeBlocks(running: Running, blocks: readonly number[], path: string): void {
  for (const block of blocks) restoreFree(running, block, 'LUO-UNPRESERVED', path)
}

/** The files of a session in the block form (7.2, 7.3); null where the session fails, which was reported. */
export function filesOfBlocks(
  running: Running,
  first: number,
  count: bigint,
  session: string,
): TakenFile[] | null {
  const { memory } = running
  if (first === 0) {
    if (count !== 0n)
      report(running, 'LUO-FILE-COUNT', `a WARN: ${count} files, and no list of them`, session)
    return []
  }
  const blocks = restoreBlocks(running, first, LUO_FILE_SER.size, session)
  if (blocks === null) return null
  const entries: TakenFile[] = []
  const take = taker(running, entries, session)
  for (const block of blocks) {
    const held = memory.u64(block + BLOCK_COUNT)
    if (!walkEntries(running, block + KHO_BLOCK_HEADER.size, held, LUO_FILE_SER.size, take)) return null
  }
  if (BigInt(entries.length) !== count) {
    const message = `File count mismatch: expected ${count}, found ${entries.length}: -EINVAL`
    report(running, 'LUO-FILE-COUNT', message, session)
    return null
  }
  freeBlocks(running, blocks, session)
  return named(entries, session)
}

/** Files that are followed one by one in an array whose count nobody bounds. */
const MOST_FILES = 2 ** 20

/** The files of a session in the array form (6.19 to 7.1): as many as the count says, whatever lies there. */
export function filesOfArray(
  running: Running,
  first: number,
  count: bigint,
  session: string,
): TakenFile[] | null {
  if (first === 0) {
    if (count !== 0n)
      report(running, 'LUO-FILE-COUNT', `a WARN: ${count} files, and no list of them`, session)
    return []
  }
  if (count === 0n) silent(running, 'LUO-FILE-COUNT', `0 files, and a list of them at ${hex(first)}`, session)
  const entries: TakenFile[] = []
  const take = taker(running, entries, session)
  const followed = Math.min(Number(count), MOST_FILES)
  if (!walkEntries(running, first, followed, LUO_FILE_SER.size, take)) return null
  // Freed when the session is finished; a session that counts no files does not get so far.
  if (entries.length > 0) restoreFree(running, first, 'LUO-UNPRESERVED', session)
  return named(entries, session)
}

/** luo_file_deserialize_one(): a handler must have exactly this string. */
function taker(running: Running, entries: TakenFile[], session: string): VisitEntry {
  const handler = `memfd-v${running.kernel.users.memfd}`
  return (bytes, view, offset, address) => {
    const compatible = fileHandler(bytes, offset, handler)
    if (compatible !== handler) {
      const rule = compatible === '' ? 'LUO-FILE-COMPATIBLE' : 'LUO-HANDLER'
      const message = `No registered handler for compatible '${compatible}': -ENOENT`
      report(running, rule, message, session, address)
      return false
    }
    const data = fileData(view, offset)
    entries.push({ compatible, data, token: fileToken(view, offset), path: '', isAgain: false })
    return true
  }
}

/** The same files with their paths, which is when it shows whose token is its own. */
function named(entries: TakenFile[], session: string): TakenFile[] {
  const segments = fileSegments(entries)
  const list = appendPath(session, 'files')
  const twice = new Set<bigint>()
  for (let n = 0; n < entries.length; n++) {
    const entry = entries[n]!
    const segment = segments[n]!
    entry.path = appendPath(list, segment)
    if (typeof segment === 'string') continue
    entry.isAgain = twice.has(entry.token)
    twice.add(entry.token)
  }
  return entries
}

/** User space asks for every token; the first file of a token is the one that it gets. */
export function retrieveFiles(running: Running, files: readonly TakenFile[]): void {
  for (const { compatible, data, token, path, isAgain } of files) {
    if (isAgain) {
      silent(running, 'LUO-TOKEN-DUPLICATE', `token ${token} gives the file that came first`, path)
      continue
    }
    running.taken++
    const what = { rule: 'MEMFD-ADDRESS', path, decides: 'what becomes of this file' }
    step(running, what, () => retrieveMemfd(running, compatible === 'memfd-v1' ? 1 : 2, data, path))
  }
}

/** One entry of a list of sessions. */
export interface SessionEntry {
  name: string
  /** What the kernel keeps of a name without an end: all but its last byte. */
  kept: string
  files: number
  count: bigint
}

/** What strscpy() leaves of a name. */
const NAME_MOST = SESSION_NAME_BYTES - 1

/** The struct luo_session_ser at an offset. */
export function readSession(bytes: Uint8Array, view: DataView, offset: number): SessionEntry {
  const name = sessionName(bytes, offset)
  // As it stands: what is no address is for the kernel to fault on.
  const files = Number(sessionFiles(view, offset))
  return { name, kept: name.slice(0, NAME_MOST), files, count: sessionFileCount(view, offset) }
}
