import { hex } from '../../../formats/memory/fault.js'
import type { Span } from '../../hex/span.js'
import { jsonString } from '../../render/escape.js'
import { type JsonItem, WrittenList } from '../../render/json.js'
import { hexDigits } from '../../render/view-json.js'
import type { schema } from './schema.js'

type Item = JsonItem<typeof schema, 'spans'>

/** Spans as elements of `spans`, made as they are written. */
export function hexJson(batches: Iterable<readonly Span[]>): Iterable<Item> & object {
  return new WrittenList<Item>(texts(batches))
}

function* texts(batches: Iterable<readonly Span[]>): Generator<string[]> {
  for (const spans of batches) yield spans.map(span => itemText(spanJson(span)))
}

/** Every element has every key: `null` where a kind of span has no such thing. */
function spanJson(span: Span): Item {
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
    bytes: shown === null ? null : hexDigits(shown.source, shown.at, shown.length),
    fill: kind === 'fill' ? span.byte : null,
    absent: kind === 'absent' ? span.reason : null,
  }
}

/** An element as `writeJson` writes one: there may be millions, and a walk over their keys took most of the time. */
function itemText(item: Item): string {
  const { kind, address, length, offset, path, name, type, value, text, bytes, fill, absent } = item
  const place = `{"kind":"${kind}","address":"${address}","length":${length},"offset":${offset}`
  const field = `,"path":${textOf(path)},"name":${textOf(name)},"type":${textOf(type)},"value":${textOf(value)}`
  const rest = `,"text":${textOf(text)},"bytes":${bytes === null ? bytes : `"${bytes}"`},"fill":${fill}`
  return `${place}${field}${rest},"absent":${textOf(absent)}}`
}

function textOf(text: string | null): string {
  return text === null ? 'null' : text === '' ? '""' : jsonString(text)
}
