import type { Luo, LuoFile, LuoSession } from '../../formats/blobs/index.js'
import type { DamageTarget } from './damage.js'
import { blobOf } from './fields.js'
import { cannotBreak } from './target.js'

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
