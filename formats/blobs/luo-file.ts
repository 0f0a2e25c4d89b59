import { appendPath, elementSegments, LUO_FILE_SER } from '../layout/index.js'
import { hex } from '../memory/fault.js'
import { rangeAt } from '../memory/range.js'
import { type BlobContext, quote } from './context.js'

import type { LuoSession } from './luo-types.js'
import { decodeMemfd, memfdVersion } from './memfd.js'
import type { Memfd } from './memory-types.js'

/** One entry of a file list, before its path is known. */
export interface FileEntry {
  compatible: string
  data: bigint
  token: bigint
  address: number
}

/** Fills a session's files from its entries, and says what luo_file_deserialize() of 7.2 would not take. */
export function decodeFiles(context: BlobContext, session: LuoSession, entries: readonly FileEntry[]): void {
  checkFileCount(context, session, entries.length)
  const list = appendPath(session.path, 'files')
  const segments = elementSegments(entries.map(entry => String(entry.token)))
  const tokens = new Set<bigint>()
  entries.forEach((entry, n) => {
    const { compatible, data, token, address } = entry
    const path = appendPath(list, segments[n]!)
    const say = (code: string, message: string) => context.fault(code, message, address, path)
    if (compatible === '') say('LUO-FILE-COMPATIBLE', 'file has no compatible string')
    if (compatible.length === 48)
      say('LUO-NAME-UNTERMINATED', `compatible string ${quote(compatible)} has no NUL`)
    if (tokens.has(token)) say('LUO-TOKEN-DUPLICATE', `two files of the session have token ${token}`)
    tokens.add(token)
    const version = memfdVersion(compatible)
    let memfd: Memfd | null = null
    if (data === 0n) {
      say('LUO-FILE-DATA-ZERO', `file ${quote(compatible)} has handle 0`)
    } else if (version !== null) {
      memfd = decodeMemfd(context, version, data, path)
      if (memfd !== null && memfd.path !== path) {
        say('LUO-FILE-DATA-SHARED', `handle ${hex(data)} is also that of ${memfd.path}`)
      }
    }
    session.files.push({ compatible, data, token, path, extent: rangeAt(address, LUO_FILE_SER.size), memfd })
  })
}

function checkFileCount(context: BlobContext, session: LuoSession, found: number): void {
  const { fileCount, filesAddress, path } = session
  const say = (message: string) => context.fault('LUO-FILE-COUNT', message, session.extent.start, path)
  if (filesAddress === 0 && fileCount !== 0) {
    say(`session has ${fileCount ?? 'too many'} files, but no list of them`)
  } else if (filesAddress !== 0 && fileCount === 0) {
    say(`session has 0 files, but a list of them at ${hex(filesAddress ?? 0)}`)
  } else if (
    session.gap === null &&
    session.fileArray === null &&
    filesAddress !== null &&
    found !== fileCount
  ) {
    say(`File count mismatch: expected ${fileCount ?? 'too many'}, found ${found}`)
  }
}
