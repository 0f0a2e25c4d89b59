import type { Luo, LuoFile, LuoSession, Memfd } from '../../formats/blobs/index.js'
import { LUO_FILE_SER, LUO_FILE_SET_SER, LUO_SESSION_SER, offsetOf } from '../../formats/layout/index.js'
import type { DamageTarget } from './damage.js'
import { blobOf } from './fields.js'
import { cannotBreak } from './target.js'

/** Fields of a session and of a file, from where they begin. */
const FILE_SET = offsetOf(LUO_SESSION_SER, 'fileSetSer')
export const SESSION_NAME = FILE_SET - offsetOf(LUO_SESSION_SER, 'name')
export const SESSION_FILES = FILE_SET + offsetOf(LUO_FILE_SET_SER, 'files')
export const SESSION_COUNT = FILE_SET + offsetOf(LUO_FILE_SET_SER, 'count')
export const FILE_DATA = offsetOf(LUO_FILE_SER, 'data')
export const FILE_TOKEN = offsetOf(LUO_FILE_SER, 'token')

/** LUO's state, of one form where that matters. */
export function luoOf(
  target: DamageTarget,
  form?: 'fdt' | 'struct',
): { name: string; address: number; luo: Luo } {
  const { blob, address, value } = blobOf(target, 'luo')
  if (form !== undefined && value.form !== form) throw cannotBreak(`LUO in the ${form} form`)
  return { name: blob.name, address, luo: value }
}

/** A session that `fits`. */
export function sessionOf(
  target: DamageTarget,
  fits: (session: LuoSession) => boolean = () => true,
): LuoSession {
  return target.pick(luoOf(target).luo.sessions.filter(fits), 'session that this is about')
}

interface LuoFiles {
  files: LuoFile[]
  memfds: Memfd[]
}

const listed = new WeakMap<Luo, LuoFiles>()

/** Files of all sessions, listed once for each LUO that was decoded: most damages ask. */
function listFiles(luo: Luo): LuoFiles {
  let lists = listed.get(luo)
  if (lists === undefined) {
    const files = luo.sessions.flatMap(session => session.files)
    lists = { files, memfds: files.flatMap(({ memfd }) => (memfd === null ? [] : [memfd])) }
    listed.set(luo, lists)
  }
  return lists
}

/** Files of all sessions. */
export function filesOf(target: DamageTarget): readonly LuoFile[] {
  return listFiles(luoOf(target).luo).files
}

/** Their memfds. */
export function memfdsOf(target: DamageTarget): readonly Memfd[] {
  return memfdsIn(luoOf(target).luo)
}

/** The memfds of a LUO. */
export function memfdsIn(luo: Luo): readonly Memfd[] {
  return listFiles(luo).memfds
}

/** Text in a field of a fixed length. */
export function textField(text: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  bytes.set(new TextEncoder().encode(text).subarray(0, length))
  return bytes
}
