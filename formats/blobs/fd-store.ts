/** One descriptor that systemd keeps for a unit: a file of its own session, or a session of another name. */
export interface FdStoreEntry {
  unit: string
  /** Name of the descriptor; several of a unit may have one. */
  name: string
  /** Token in the session `systemd`; null for a session. */
  token: bigint | null
  /** Name of the session; null for a file. */
  session: string | null
}

/** What systemd hands to itself: whose file every token is. */
export interface FdStore {
  /** Null where it says none; a reader skips what is newer than it. */
  version: number | null
  entries: FdStoreEntry[]
  /** Entries that say neither token nor session. */
  odd: number
}

/** The session that systemd makes, and the token of the mapping in it. systemd 261, manager_luo_serialize_fd_stores(). */
export const FD_STORE_SESSION = 'systemd'
export const FD_STORE_TOKEN = 0n

/** Entries that are read: far more than descriptors of a machine. */
const MOST_ENTRIES = 1 << 16

/** Digits of integers that a double may not hold. */
const LONG = 16

/** Reads the mapping: JSON. Null where the text is none, or says nothing of units. */
export function parseFdStore(text: string): FdStore | null {
  const root = parseJson(text)
  if (!isObject(root) || !isObject(root.units)) return null
  const store: FdStore = { version: wholeNumber(root.version), entries: [], odd: 0 }
  for (const [unit, described] of Object.entries(root.units)) {
    const list = isObject(described) ? described.fdstore : null
    for (const item of Array.isArray(list) ? list : []) {
      if (store.entries.length >= MOST_ENTRIES) return store
      const entry = isObject(item) ? entryOf(unit, item) : null
      if (entry === null) store.odd++
      else store.entries.push(entry)
    }
  }
  return store
}

function entryOf(unit: string, item: Record<string, unknown>): FdStoreEntry | null {
  const { type, name, sessionName } = item
  const called = typeof name === 'string' ? name : ''
  if (type === 'luo_session' && typeof sessionName === 'string') {
    return { unit, name: called, token: null, session: sessionName }
  }
  const token = tokenOf(item.token)
  return type === 'fd' && token !== null ? { unit, name: called, token, session: null } : null
}

/** Tokens are u64s: those that a double does not hold have been put into quotes before the text was read. */
function tokenOf(value: unknown): bigint | null {
  const whole = wholeNumber(value)
  if (whole !== null) return BigInt(whole)
  return typeof value === 'string' && /^\d{1,20}$/.test(value) ? BigInt(value) : null
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(quoteLong(text))
  } catch {
    return null
  }
}

/** Puts long integers into quotes; what is in quotes already stays as it is. */
function quoteLong(text: string): string {
  const number = /[-+.\w]+/y
  let done = ''
  let from = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '"') at = stringEnd(text, at)
    else if (isDigit(text, at)) {
      number.lastIndex = at
      const [word] = number.exec(text) as RegExpExecArray
      if (word.length >= LONG && /^\d+$/.test(word)) {
        done += `${text.slice(from, at)}"${word}"`
        from = at + word.length
      }
      at += word.length - 1
    }
  }
  return done + text.slice(from)
}

/** Where a string ends that begins at a quote; the end of the text where it does not. */
function stringEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '"') return at
  }
  return text.length
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code >= 0x30 && code <= 0x39
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function wholeNumber(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null
}
