import { hex } from '../../../formats/memory/fault.js'
import type { HexSpan } from '../../hex/span.js'
import type { JsonItem } from '../../render/json.js'
import { hexDigits } from '../../render/view-json.js'
import type { schema } from './schema.js'

type Item = JsonItem<typeof schema, 'spans'>

/** Spans as elements of `spans`, one at a time. */
export function hexJson(spans: Iterable<HexSpan>): Iterable<Item> & object {
  return {
    *[Symbol.iterator]() {
      for (const span of spans) yield spanJson(span)
    },
  }
}

/** Every element has every key: `null` where a kind of span has no such thing. */
function spanJson(span: HexSpan): Item {
  const { kind } = span
  const sized = kind === 'field' || kind === 'gap' || kind === 'fill' ? span : null
  const shown = kind === 'field' || kind === 'gap' ? span : null
  const field = kind === 'field' ? span : null
  const text = kind === 'heading' ? span.what : kind === 'note' ? span.text : null
  return {
    kind,
    address: hex(span.address),
    length: kind === 'heading' || kind === 'note' ? 0 : span.length,
    offset: sized?.offset ?? null,
    path: kind === 'heading' ? span.path : null,
    name: kind === 'field' || kind === 'fill' || kind === 'absent' ? span.name : null,
    type: field?.type ?? null,
    value: field?.value ?? null,
    text,
    bytes: shown === null ? null : hexDigits(shown.bytes),
    fill: kind === 'fill' ? span.byte : null,
    absent: kind === 'absent' ? span.reason : null,
  }
}
