import type { JsonValue } from './json.js'
import type { ListView, View } from './view.js'

/** A view as a JSON value; lists stay lazy until they are written. */
export function viewJson(view: View): JsonValue {
  switch (view.kind) {
    case 'address':
    case 'opaque':
      return view.value === null ? null : `0x${view.value.toString(16)}`
    case 'token':
      return view.value === null ? null : view.value.toString()
    case 'bytes':
      return view.value === null ? null : hexDigits(view.value)
    case 'nothing':
      return null
    case 'list':
      return elements(view)
    case 'record': {
      const object: Record<string, JsonValue> = {}
      for (const [field, part] of view.fields) object[field] = viewJson(part)
      return object
    }
    default:
      return view.value
  }
}

function elements(view: ListView): Iterable<JsonValue> & object {
  return {
    *[Symbol.iterator]() {
      for (let i = 0; i < view.length; i++) yield viewJson(view.at(i))
    },
  }
}

/** Two lower-case hex digits a byte. */
export function hexDigits(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}
