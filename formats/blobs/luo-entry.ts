import {
  elementSegments,
  LUO_FILE_SER,
  LUO_FILE_SET_SER,
  LUO_SESSION_SER,
  offsetOf,
  type Segment,
  terminatedStringAt,
} from '../layout/index.js'

const COMPATIBLE = offsetOf(LUO_FILE_SER, 'compatible')
const DATA = offsetOf(LUO_FILE_SER, 'data')
const TOKEN = offsetOf(LUO_FILE_SER, 'token')
const NAME = offsetOf(LUO_SESSION_SER, 'name')
const FILE_SET = offsetOf(LUO_SESSION_SER, 'fileSetSer')
const FILES = FILE_SET + offsetOf(LUO_FILE_SET_SER, 'files')
const COUNT = FILE_SET + offsetOf(LUO_FILE_SET_SER, 'count')

/** Bytes of a session's name, its NUL included. */
export const SESSION_NAME_BYTES = FILE_SET - NAME
/** Bytes of a file's compatible string. */
export const HANDLER_BYTES = DATA - COMPATIBLE

/*
 * struct luo_file_ser and struct luo_session_ser, a field at a time: lists have a hundred thousand of them.
 */

/** Compatible string of the file whose record is at an offset; `last` is that of the one before it. */
export function fileHandler(bytes: Uint8Array, offset: number, last: string): string {
  return terminatedStringAt(bytes, offset + COMPATIBLE, HANDLER_BYTES, last)
}

/** The handle of that file. */
export function fileData(view: DataView, offset: number): bigint {
  return view.getBigUint64(offset + DATA, true)
}

/** Its token. */
export function fileToken(view: DataView, offset: number): bigint {
  return view.getBigUint64(offset + TOKEN, true)
}

/** How files of one session are named in paths: by their tokens, or their numbers where other files have the same. */
export function fileSegments(files: readonly { token: bigint }[]): Segment[] {
  // In ascending order, which user space mostly gives them in, no two are the same.
  const ascend = files.every(({ token }, n) => n === 0 || token > files[n - 1]!.token)
  const keys = files.map(({ token }) => String(token))
  return ascend ? keys : elementSegments(keys)
}

/** Name of the session whose record is at an offset. */
export function sessionName(bytes: Uint8Array, offset: number): string {
  return terminatedStringAt(bytes, offset + NAME, SESSION_NAME_BYTES, '')
}

/** Where its files are, as it stands there. */
export function sessionFiles(view: DataView, offset: number): bigint {
  return view.getBigUint64(offset + FILES, true)
}

/** How many files it says that it has. */
export function sessionFileCount(view: DataView, offset: number): bigint {
  return view.getBigUint64(offset + COUNT, true)
}
