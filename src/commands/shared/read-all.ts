import type { KhoState } from '../../image/state.js'
import { documentJson } from '../../render/view-json.js'

/** Reads all that a document about a state would say. */
export function readDocument(state: KhoState): void {
  drain(documentJson(state))
}

/** Lists of a document are made as they are read. */
function drain(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  const inner = Symbol.iterator in value ? (value as Iterable<unknown>) : Object.values(value)
  for (const element of inner) drain(element)
}
