import type { Luo, LuoFile, LuoSession } from '../../formats/blobs/index.js'
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

/** Files of all sessions. */
export function filesOf(target: DamageTarget): LuoFile[] {
  return luoOf(target).luo.sessions.flatMap(session => session.files)
}

/** Text in a field of a fixed length. */
export function textField(text: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  bytes.set(new TextEncoder().encode(text).subarray(0, length))
  return bytes
}
