import {
  FD_STORE_SESSION,
  FD_STORE_TOKEN,
  type FdStore,
  type LuoFile,
  type LuoSession,
  parseFdStore,
} from '../../formats/blobs/index.js'
import type { KhoState } from '../image/state.js'
import { memfdContent } from './memfd.js'

/** What systemd handed to itself, as far as it is there. */
export interface FdStoreState {
  session: LuoSession
  /** The memfd that the mapping is in; null where the session has none at its token. */
  file: LuoFile | null
  store: FdStore | null
  /** Why there is no store; null where there is. */
  reason: string | null
  /** True where that is because the dump lacks it. */
  lacking: boolean
}

/** What is read of a mapping: systemd's own takes some hundred bytes a unit. */
const MOST_BYTES = 1 << 20

/** The name of what holds the mapping itself. */
const OWN_NAME = 'systemd: whose descriptors these are'

interface Known {
  found: FdStoreState | null
  names: ReadonlyMap<string, string>
}

const cache = new WeakMap<KhoState, Known>()

/** The mapping of the session `systemd`; null where there is no such session. */
export function fdStoreOf(state: KhoState): FdStoreState | null {
  return knownOf(state).found
}

/** What a session or a file at a path is called in user space: `UNIT/NAME`. Null where nothing says. */
export function heldAs(state: KhoState, path: string): string | null {
  const { names } = knownOf(state)
  return names.size === 0 ? null : (names.get(path) ?? null)
}

/** The same of whatever lies below a file, or a session that is kept as a whole. */
export function holderOf(state: KhoState, path: string): string | null {
  const { names } = knownOf(state)
  if (names.size === 0) return null
  const upTo = (depth: number) => names.get(path.split('/').slice(0, depth).join('/'))
  return upTo(FILE_DEPTH) ?? upTo(SESSION_DEPTH) ?? null
}

/** Segments of `luo/sessions/NAME`, and of `luo/sessions/NAME/files/TOKEN`. */
const SESSION_DEPTH = 3
const FILE_DEPTH = 5

function knownOf(state: KhoState): Known {
  let known = cache.get(state)
  if (known === undefined) {
    const sessions = sessionsOf(state)
    const found = findStore(state, sessions)
    known = { found, names: namesOf(found, sessions) }
    cache.set(state, known)
  }
  return known
}

function sessionsOf(state: KhoState): readonly LuoSession[] {
  for (const { value } of state.blobs()) if (value?.kind === 'luo') return value.sessions
  return []
}

function findStore(state: KhoState, sessions: readonly LuoSession[]): FdStoreState | null {
  const session = sessions.find(({ name }) => name === FD_STORE_SESSION)
  if (session === undefined) return null
  const file = session.files.find(({ token }) => token === FD_STORE_TOKEN) ?? null
  if (file === null) return { session, file, ...without('it has no file at token 0', session.gap !== null) }
  const text = textOf(state, file)
  if (typeof text !== 'string') return { session, file, ...text }
  const store = parseFdStore(text)
  if (store === null) return { session, file, ...without('its contents are no mapping of units') }
  return { session, file, store, reason: null, lacking: false }
}

type Without = Pick<FdStoreState, 'reason' | 'lacking'> & { store: null }

function without(reason: string, lacking = false): Without {
  return { store: null, reason, lacking }
}

/** Contents that are UTF-8, or the reason why they are not to be had. */
function textOf(state: KhoState, { memfd, data }: LuoFile): string | Without {
  if (memfd === null) return without('it is no memfd that can be read', data !== 0n)
  const { size } = memfd
  if (size === null || size > MOST_BYTES) return without('its size is none that a mapping has')
  const { incomplete, pieces } = memfdContent(state, memfd)
  if (incomplete !== null) return without(incomplete, true)
  const bytes = new Uint8Array(size)
  for (const { offset, length, address, zeros } of pieces()) {
    if (zeros === true) continue
    const read = address === null ? null : state.image.memory.read(address, length)
    if (read === null || !read.ok) return without('its contents are not in the dump', true)
    bytes.set(read.bytes, offset)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return without('its contents are no UTF-8')
  }
}

function namesOf(found: FdStoreState | null, sessions: readonly LuoSession[]): Map<string, string> {
  const names = new Map<string, string>()
  if (found === null || found.store === null) return names
  if (found.file !== null) names.set(found.file.path, OWN_NAME)
  const files = new Map(found.session.files.map(({ token, path }) => [token, path]))
  const paths = new Map(sessions.map(({ name, path }) => [name, path]))
  for (const { unit, name, token, session } of found.store.entries) {
    const path = token === null ? paths.get(utf8ByteString(session ?? '')) : files.get(token)
    if (path !== undefined && !names.has(path)) names.set(path, `${unit}/${name}`)
  }
  return names
}

/** Names of sessions are byte strings: a character for each byte. */
export function utf8ByteString(text: string): string {
  return Array.from(new TextEncoder().encode(text), byte => String.fromCharCode(byte)).join('')
}
