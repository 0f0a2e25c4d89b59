import type { KhoState } from '../image/state.js'
import type { Elements } from '../model/elements.js'
import {
  type Field,
  isNotKnown,
  type Kind,
  type Leaf,
  type LeafValue,
  type Many,
  type NotKnown,
  type Thing,
} from '../model/kind.js'
import type { View } from '../model/node.js'
import { DOCUMENT } from '../model/state.js'
import { type JsonValue, MadeList } from './json.js'

/** A part of a state as a JSON value; lists stay lazy until they are written. */
export function viewJson(state: KhoState, view: View): JsonValue {
  switch (view.form) {
    case 'one':
      return thingJson(state, view.thing)
    case 'many':
      return isNotKnown(view.elements) ? null : elementsJson(state, view.many, view.elements)
    case 'leaf':
      return leafJson(view.leaf, view.value)
    case 'nothing':
      return null
  }
}

/** The whole of a state: the document of `kho dump --json`. */
export function documentJson(state: KhoState): { [key: string]: JsonValue } {
  return thingJson(state, { kind: DOCUMENT, self: state })
}

/** A thing as an object of its fields; `notKnown` says why some are `null`, or not whole. */
function thingJson(state: KhoState, { kind, self }: Thing): { [key: string]: JsonValue } {
  const object: { [key: string]: JsonValue } = {}
  let reasons: { [key: string]: string } | null = null
  for (const [name, field] of shownFields(kind)) {
    const found = field.get(self, state)
    const unknown = isNotKnown(found)
    if (found === null || unknown) object[name] = null
    else if (field.form === 'leaf') object[name] = leafJson(field, found as LeafValue)
    else if (field.form === 'one') object[name] = thingJson(state, found as Thing)
    else object[name] = elementsJson(state, field, found as Elements<unknown>)
    const reason = unknown
      ? found.notKnown
      : field.form === 'many'
        ? (found as Elements<unknown>).missing
        : undefined
    if (reason === undefined) continue
    reasons ??= {}
    reasons[name] = reason
  }
  if (reasons !== null) object.notKnown = reasons
  return object
}

const shown = new WeakMap<Kind<unknown>, readonly [string, Field<unknown>][]>()

/** The fields of a kind that JSON has; listed once for all things of it. */
function shownFields(kind: Kind<unknown>): readonly [string, Field<unknown>][] {
  let fields = shown.get(kind)
  if (fields === undefined) {
    fields = Object.entries(kind.fields).filter(([, field]) => field.form === 'leaf' || field.hidden !== true)
    shown.set(kind, fields)
  }
  return fields
}

/** A value: its kind, never the value, decides how it looks. */
function leafJson({ kind }: Leaf<unknown>, value: LeafValue | NotKnown): JsonValue {
  if (value === null || isNotKnown(value)) return null
  if (value instanceof Uint8Array) return hexDigits(value)
  if (kind === 'address' || kind === 'opaque') return `0x${(value as number | bigint).toString(16)}`
  return typeof value === 'bigint' ? value.toString() : value
}

function elementsJson(state: KhoState, { of }: Many<unknown>, elements: Elements<unknown>): JsonValue {
  if (elements.length === 0) return NONE
  return new MadeList(elements.length, n => {
    const self = elements.item(n)
    return 'form' in of ? leafJson(of, of.get(self, state)) : thingJson(state, { kind: of, self })
  })
}

const NONE: readonly JsonValue[] = []

const BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Two lower-case hex digits a byte. */
export function hexDigits(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += BYTES[byte]
  return text
}
