import type { KhoState } from '../image/state.js'
import type { Elements } from '../model/elements.js'
import {
  type Field,
  isNotKnown,
  type Leaf,
  type LeafValue,
  type Many,
  type NotKnown,
  type Thing,
} from '../model/kind.js'
import type { View } from '../model/node.js'
import { DOCUMENT } from '../model/state.js'
import type { JsonValue } from './json.js'

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
  const reasons: { [key: string]: string } = {}
  for (const [name, field] of Object.entries(kind.fields)) {
    if (field.form !== 'leaf' && field.hidden === true) continue
    const { value, reason } = fieldJson(state, field, self)
    object[name] = value
    if (reason !== undefined) reasons[name] = reason
  }
  if (Object.keys(reasons).length > 0) object.notKnown = reasons
  return object
}

function fieldJson(
  state: KhoState,
  field: Field<unknown>,
  self: unknown,
): { value: JsonValue; reason?: string | undefined } {
  if (field.form === 'leaf') {
    const value = field.get(self, state)
    return isNotKnown(value) ? { value: null, reason: value.notKnown } : { value: leafJson(field, value) }
  }
  if (field.form === 'one') {
    const thing = field.get(self, state)
    if (thing === null) return { value: null }
    return isNotKnown(thing) ? { value: null, reason: thing.notKnown } : { value: thingJson(state, thing) }
  }
  const elements = field.get(self, state)
  if (isNotKnown(elements)) return { value: null, reason: elements.notKnown }
  return { value: elementsJson(state, field, elements), reason: elements.missing }
}

/** A value: its kind, never the value, decides how it looks. */
function leafJson({ kind }: Leaf<unknown>, value: LeafValue | NotKnown): JsonValue {
  if (value === null || isNotKnown(value)) return null
  if (value instanceof Uint8Array) return hexDigits(value)
  if (kind === 'address' || kind === 'opaque') return `0x${(value as number | bigint).toString(16)}`
  return typeof value === 'bigint' ? value.toString() : value
}

function elementsJson(state: KhoState, { of }: Many<unknown>, elements: Elements<unknown>) {
  return {
    *[Symbol.iterator](): Generator<JsonValue> {
      for (let n = 0; n < elements.length; n++) {
        const self = elements.item(n)
        yield 'form' in of ? leafJson(of, of.get(self, state)) : thingJson(state, { kind: of, self })
      }
    },
  }
}

const BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Two lower-case hex digits a byte. */
export function hexDigits(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += BYTES[byte]
  return text
}
