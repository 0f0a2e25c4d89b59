import type { FdStoreEntry } from '../../../formats/blobs/index.js'
import type { KhoState } from '../../image/state.js'
import { type FdStoreState, fdStoreOf, utf8ByteString } from '../../model/fd-store.js'
import type { Occurrence, RuleContext } from '../rule.js'
import { luoOf } from './context.js'

/** A session of systemd's whose mapping cannot be read. */
export function* checkSystemdMapping({ state }: RuleContext): Generator<Occurrence> {
  const found = fdStoreOf(state)
  if (found === null || found.reason === null) return
  const { session, file, reason, lacking } = found
  const { path, extent } = file ?? session
  const message = `nobody knows whose the descriptors of session 'systemd' are: ${reason}`
  yield { message, path, address: extent.start, ...(lacking ? { severity: 'info' } : {}) }
}

/** Files of systemd's session that no unit is to get. */
export function* checkSystemdUnnamed({ state }: RuleContext): Generator<Occurrence> {
  const found = fdStoreOf(state)
  if (found === null || found.store === null) return
  const named = new Set(found.store.entries.map(({ token }) => token))
  for (const file of found.session.files) {
    if (file === found.file || named.has(file.token)) continue
    const message = `no unit has an entry for token ${file.token}: nobody gets this file`
    yield { message, path: file.path, address: file.extent.start }
  }
}

/** Entries for files that the session does not hold. */
export function* checkSystemdTokens({ state }: RuleContext): Generator<Occurrence> {
  const found = fdStoreOf(state)
  if (found === null || found.store === null || found.session.gap !== null) return
  const tokens = new Set(found.session.files.map(({ token }) => token))
  for (const entry of found.store.entries) {
    if (entry.token === null || tokens.has(entry.token)) continue
    yield { message: `${entryText(entry)} is token ${entry.token}, which is not there`, ...placeOf(found) }
  }
}

/** Entries for sessions that were not handed over. */
export function* checkSystemdSessions({ state }: RuleContext): Generator<Occurrence> {
  const found = fdStoreOf(state)
  if (found === null || found.store === null || lacksSessions(state)) return
  const names = new Set(luoOf(state)?.sessions.map(({ name }) => name))
  for (const entry of found.store.entries) {
    if (entry.session === null || names.has(utf8ByteString(entry.session))) continue
    const message = `${entryText(entry)} is session '${entry.session}', which is not there`
    yield { message, ...placeOf(found) }
  }
}

function lacksSessions(state: KhoState): boolean {
  return (luoOf(state)?.gap ?? null) !== null
}

function entryText({ unit, name }: FdStoreEntry): string {
  return `descriptor '${name}' of ${unit}`
}

function placeOf({ file, session }: FdStoreState): Pick<Occurrence, 'path' | 'address'> {
  const { path, extent } = file ?? session
  return { path, address: extent.start }
}
