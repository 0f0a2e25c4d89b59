import { appendPath, LUO_FILE_SER } from '../layout/index.js'
import { hex } from '../memory/fault.js'
import { rangeAt } from '../memory/range.js'
import { type BlobContext, quote } from './context.js'
import type { VisitEntry } from './kho-block.js'
import { fileData, fileHandler, fileSegments, fileToken, HANDLER_BYTES } from './luo-entry.js'
import type { LuoFile, LuoSession } from './luo-types.js'
import { decodeMemfd, memfdVersion } from './memfd.js'

/** Takes each entry of a list into its session; {@link decodeFiles} fills in what needs all of them. */
export function collectFiles({ files }: LuoSession): VisitEntry {
  let compatible = ''
  return (bytes, view, offset, address) => {
    compatible = fileHandler(bytes, offset, compatible)
    const data = fileData(view, offset)
    const token = fileToken(view, offset)
    files.push({
      compatible,
      data,
      token,
      path: '',
      extent: rangeAt(address, LUO_FILE_SER.size),
      memfd: null,
    })
  }
}

/** Names a session's files, follows their handles, and says what luo_file_deserialize() of 7.2 would not take. */
export function decodeFiles(context: BlobContext, session: LuoSession): void {
  const { files } = session
  checkFileCount(context, session, files.length)
  const list = appendPath(session.path, 'files')
  const segments = fileSegments(files)
  const twice = new Set<bigint>()
  for (let n = 0; n < files.length; n++) {
    const file = files[n]!
    const segment = segments[n]!
    const { compatible } = file
    file.path = appendPath(list, segment)
    if (compatible === '') say(context, 'LUO-FILE-COMPATIBLE', file, 'file has no compatible string')
    if (compatible.length === HANDLER_BYTES)
      say(context, 'LUO-NAME-UNTERMINATED', file, `compatible string ${quote(compatible)} has no NUL`)
    // Only what has no token of its own goes by its number.
    if (typeof segment === 'number') {
      const { token } = file
      if (twice.has(token))
        say(context, 'LUO-TOKEN-DUPLICATE', file, `two files of the session have token ${token}`)
      twice.add(token)
    }
    decodeFile(context, file)
  }
}

function decodeFile(context: BlobContext, file: LuoFile): void {
  const { compatible, data, path } = file
  const version = memfdVersion(compatible)
  if (data === 0n) {
    say(context, 'LUO-FILE-DATA-ZERO', file, `file ${quote(compatible)} has handle 0`)
  } else if (version !== null) {
    const memfd = decodeMemfd(context, version, data, path)
    file.memfd = memfd
    if (memfd !== null && memfd.path !== path) {
      say(context, 'LUO-FILE-DATA-SHARED', file, `handle ${hex(data)} is also that of ${memfd.path}`)
    }
  }
}

function say(context: BlobContext, code: string, { extent, path }: LuoFile, message: string): void {
  context.fault(code, message, extent.start, path)
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
