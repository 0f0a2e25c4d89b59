import {
  appendPath,
  elementSegments,
  LUO_FILE_PGCNT,
  LUO_FILE_SER,
  LUO_SESSION_HEADER_SER,
  LUO_SESSION_PGCNT,
  LUO_SESSION_SER,
  type Struct,
} from '../layout/index.js'
import { hex } from '../memory/fault.js'
import { ADDRESS_LIMIT } from '../memory/geometry.js'
import { rangeAt } from '../memory/range.js'
import { viewOf } from '../memory/u64.js'
import { type BlobContext, gapAt, numberOrNull, quote, readStruct } from './context.js'
import { type VisitEntry, walkBlocks } from './kho-block.js'
import { SESSION_NAME_BYTES, sessionFileCount, sessionFiles, sessionName } from './luo-entry.js'
import { collectFiles, decodeFiles } from './luo-file.js'
import type { Luo, LuoSession } from './luo-types.js'
import type { Gap } from './memory-types.js'

interface SessionEntry {
  name: string
  /** As it stands there. */
  files: bigint
  count: bigint
  address: number
}

/** Sessions of the struct form: entries of a chain of blocks. */
export function decodeSessionBlocks(context: BlobContext, luo: Luo, owner: string): void {
  const entries: SessionEntry[] = []
  const first = luo.sessionsAddress ?? 0
  const { blocks, gap } = walkBlocks(context, first, LUO_SESSION_SER, owner, collect(entries))
  Object.assign(luo, { blocks, gap })
  luo.sessions = sessionsOf(context, entries, owner)
  for (const session of luo.sessions) {
    const start = session.filesAddress ?? 0
    if (start !== 0) {
      const { blocks, gap } = walkBlocks(context, start, LUO_FILE_SER, session.path, collectFiles(session))
      session.blocks = blocks
      session.gap = gap
    }
    decodeFiles(context, session)
  }
}

/** Sessions of the FDT form: an array in 16 contiguous pages, and arrays of files in two. */
export function decodeSessionArray(context: BlobContext, luo: Luo, owner: string): void {
  const address = luo.sessionsAddress
  if (address === null || address === 0) return
  const { pageSize } = context.geometry
  luo.sessionArray = rangeAt(address, LUO_SESSION_PGCNT * pageSize)
  const header = readStruct(context, LUO_SESSION_HEADER_SER, 'LUO-ABSENT', address, owner)
  if (header === null) {
    luo.gap = gapAt(context, address, LUO_SESSION_HEADER_SER.size)
    return
  }
  const most = Math.floor((LUO_SESSION_PGCNT * pageSize - LUO_SESSION_HEADER_SER.size) / LUO_SESSION_SER.size)
  const count = numberOrNull(header.count)
  if (count === null || count > most) {
    context.fault(
      'LUO-SESSION-COUNT',
      `session array has ${header.count} entries, not 0 to ${most}`,
      address,
      owner,
    )
  }
  const entries: SessionEntry[] = []
  const start = address + LUO_SESSION_HEADER_SER.size
  luo.gap = walkArray(context, start, LUO_SESSION_SER, count, most, owner, collect(entries))
  luo.sessions = sessionsOf(context, entries, owner)
  for (const session of luo.sessions) {
    decodeFileArray(context, session, collectFiles(session))
    decodeFiles(context, session)
  }
}

function decodeFileArray(context: BlobContext, session: LuoSession, visit: VisitEntry): void {
  const address = session.filesAddress
  if (address === null || address === 0) return
  const size = LUO_FILE_PGCNT * context.geometry.pageSize
  session.fileArray = rangeAt(address, size)
  const other = context.pages.get(address)
  if (other !== undefined) {
    context.fault(
      'LUO-FILES-SHARED',
      `array of files ${hex(address)} is also ${other}`,
      address,
      session.path,
    )
    return
  }
  context.pages.set(address, session.path)
  const most = size / LUO_FILE_SER.size
  if (session.fileCount === null || session.fileCount > most) {
    const message = `session has ${session.fileCount ?? 'too many'} files, not 0 to ${most}`
    context.fault('LUO-FILE-COUNT', message, session.extent.start, session.path)
  }
  session.gap = walkArray(context, address, LUO_FILE_SER, session.fileCount, most, session.path, visit)
}

/**
 * Entries of an array. Where the count is out of bounds, those up to the first that is all zero. Gives the first entry
 * that the dump lacks.
 */
function walkArray(
  context: BlobContext,
  start: number,
  entry: Struct,
  count: number | null,
  most: number,
  path: string,
  visit: VisitEntry,
): Gap | null {
  const counted = count !== null && count <= most
  const entries = counted ? count : most
  const whole = context.memory.read(start, entries * entry.size)
  const wholeView = whole.ok ? viewOf(whole.bytes) : null
  let gap: Gap | null = null
  for (let n = 0; n < entries; n++) {
    const address = start + n * entry.size
    const read = whole.ok ? whole : context.memory.read(address, entry.size)
    if (!read.ok) {
      const message = `struct ${entry.name} at ${hex(address)} is not in the dump (${read.reason})`
      context.fault('LUO-ABSENT', message, address, path, read.reason)
      gap ??= { address, reason: read.reason }
      if (!counted) return gap
      continue
    }
    const offset = whole.ok ? n * entry.size : 0
    if (!counted && read.bytes.subarray(offset, offset + entry.size).every(byte => byte === 0)) return gap
    visit(read.bytes, wholeView ?? viewOf(read.bytes), offset, address)
  }
  return gap
}

/** Keeps each entry of a list of sessions. */
function collect(entries: SessionEntry[]): VisitEntry {
  return (bytes, view, offset, address) => {
    const name = sessionName(bytes, offset)
    const count = sessionFileCount(view, offset)
    entries.push({ name, files: sessionFiles(view, offset), count, address })
  }
}

function sessionsOf(context: BlobContext, entries: readonly SessionEntry[], owner: string): LuoSession[] {
  const list = appendPath(owner, 'sessions')
  const segments = elementSegments(entries.map(entry => entry.name))
  const seen = new Set<string>()
  return entries.map(({ name, files, count, address }, n) => {
    const segment = segments[n]!
    const path = appendPath(list, segment)
    const say = (code: string, message: string) => context.fault(code, message, address, path)
    if (name === '') say('LUO-NAME-EMPTY', 'session has no name')
    if (name.length === SESSION_NAME_BYTES)
      say('LUO-NAME-UNTERMINATED', `session name ${quote(name)} has no NUL`)
    // Only what has no name of its own goes by its number.
    if (typeof segment === 'number') {
      if (seen.has(name)) say('LUO-SESSION-DUPLICATE', `two sessions are called ${quote(name)}`)
      seen.add(name)
    }
    const known = files < ADDRESS_LIMIT
    if (!known) say('LUO-POINTER', `files ${hex(files)} is no physical address`)
    return {
      name,
      path,
      extent: rangeAt(address, LUO_SESSION_SER.size),
      filesAddress: known ? Number(files) : null,
      fileCount: numberOrNull(count),
      blocks: [],
      fileArray: null,
      files: [],
      gap: null,
    }
  })
}
