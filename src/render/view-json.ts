import { latin1 } from '../../formats/fdt/bytes.js'
import { hex } from '../../formats/memory/fault.js'
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
import { createTold, isTold, mayRepeat, TOLD_BEFORE, type Told } from './told.js'

/** What values of one document have in common. */
interface Walk {
  state: KhoState
  told: Told
}

/** A part of a state as a JSON value; lists stay lazy until they are written. `told` is what the document has already. */
export function viewJson(state: KhoState, view: View, told = createTold()): JsonValue {
  const walk = { state, told }
  switch (view.form) {
    case 'one':
      return thingJson(walk, view.thing, isTold(told, view.thing.kind, view.thing.self))
    case 'many': {
      const { many, owner, elements } = view
      if (isNotKnown(elements)) return null
      const again = isTold(told, many, owner)
      return again && !mayRepeat(told, elements.length) ? null : elementsJson(walk, many, elements, again)
    }
    case 'leaf':
      return leafJson(view.leaf, view.value)
    case 'nothing':
      return null
  }
}

/** The whole of a state: the document of `kho dump --json`. */
export function documentJson(state: KhoState): { [key: string]: JsonValue } {
  return thingJson({ state, told: createTold() }, { kind: DOCUMENT, self: state }, false)
}

/**
 * A thing as an object of its fields; `notKnown` says why some are `null`, or not whole.
 *
 * @param again - whether it is part of what another path leads to as well
 */
function thingJson(walk: Walk, { kind, self }: Thing, again: boolean): { [key: string]: JsonValue } {
  const { state, told } = walk
  const object: { [key: string]: JsonValue } = {}
  let reasons: { [key: string]: string } | null = null
  for (const [name, field] of shownFields(kind)) {
    const found = field.get(self, state)
    let reason: string | undefined
    if (isNotKnown(found)) {
      object[name] = null
      reason = found.notKnown
    } else if (found === null) object[name] = null
    else if (field.form === 'leaf') object[name] = leafJson(field, found as LeafValue)
    else if (field.form === 'one') {
      const thing = found as Thing
      object[name] = thingJson(walk, thing, isTold(told, thing.kind, thing.self) || again)
    } else {
      const elements = found as Elements<unknown>
      const shown = !again || mayRepeat(told, elements.length)
      object[name] = shown ? elementsJson(walk, field, elements, again) : null
      reason = shown ? elements.missing : TOLD_BEFORE
    }
    if (reason === undefined) continue
    reasons ??= {}
    reasons[name] = reason
  }
  if (reasons !== null) object.notKnown = reasons
  return object
}

const shown = new WeakMap<Kind<unknown>, readonly [string, Field<unknown>][]>()

/** The fields of a kind that JSON has; listed once for all things of it. */
export function shownFields(kind: Kind<unknown>): readonly [string, Field<unknown>][] {
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
  if (kind === 'address' || kind === 'opaque') return hex(value as number | bigint)
  return typeof value === 'bigint' ? value.toString() : value
}

function elementsJson(
  walk: Walk,
  { of }: Many<unknown>,
  elements: Elements<unknown>,
  again: boolean,
): JsonValue {
  if (elements.length === 0) return NONE
  return new MadeList(elements.length, n => {
    const self = elements.item(n)
    return 'form' in of ? leafJson(of, of.get(self, walk.state)) : thingJson(walk, { kind: of, self }, again)
  })
}

const NONE: readonly JsonValue[] = []

const BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Bytes of which the digits are put together from pieces: of millions of pieces a text takes twenty times its size. */
const FEW_BYTES = 4096

/** Two lower-case hex digits a byte. */
export function hexDigits(bytes: Uint8Array, at = 0, length = bytes.length): string {
  let text = ''
  if (length <= FEW_BYTES) {
    for (let n = at; n < at + length; n++) text += BYTES[bytes[n]!]!
    return text
  }
  const digits = new Uint8Array(length * 2)
  for (let n = 0; n < length; n++) {
    const both = BYTES[bytes[at + n]!]!
    digits[n * 2] = both.charCodeAt(0)
    digits[n * 2 + 1] = both.charCodeAt(1)
  }
  return latin1(digits)
}
