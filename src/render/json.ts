import type { output, ZodType } from 'zod'
import { jsonString } from './escape.js'
import type { Writer } from './writer.js'

/** What can be written as JSON. Lists may be lazy: they are written as they are made. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | JsonList
  | { readonly [key: string]: JsonValue | undefined }

/** A list, or anything that yields one. */
export type JsonList = Iterable<JsonValue> & object

/** A list whose elements are made when they are asked for: cheaper than a generator where there are very many short lists. */
export class MadeList implements Iterable<JsonValue> {
  constructor(
    readonly length: number,
    readonly item: (n: number) => JsonValue,
  ) {}

  *[Symbol.iterator](): Generator<JsonValue> {
    for (let n = 0; n < this.length; n++) yield this.item(n)
  }
}

/** A list whose elements are written already, some at a time: for lists of millions. */
export class WrittenList<T extends JsonValue> implements Iterable<T> {
  constructor(readonly batches: Iterable<readonly string[]>) {}

  *[Symbol.iterator](): Generator<T> {
    for (const texts of this.batches) for (const text of texts) yield JSON.parse(text) as T
  }
}

/** What a schema describes, as a command gives it: lists may be lazy. */
export type JsonOf<S extends ZodType> = Lazy<output<S>>

/** An element of one of its lists. */
export type JsonItem<S extends ZodType, K extends keyof output<S>> = output<S>[K] extends readonly (infer E)[]
  ? Lazy<E>
  : never

type Lazy<T> = T extends readonly (infer E)[]
  ? Iterable<Lazy<E>> & object
  : T extends object
    ? { readonly [K in keyof T]: Lazy<T[K]> }
    : T

/** Lists nearer to the root than this have an element a line: what a person greps for and a diff shows. */
const LINES_DEPTH = 2

/** Writes one JSON document and a newline, without ever holding more than one element of a list as text. */
export function writeJson(write: Writer, document: JsonValue): void {
  writeValue(write, document, 0)
  write('\n')
}

/** One JSON value as a single line, for `--ndjson` and for small values. */
export function jsonLine(value: JsonValue): string {
  let text = ''
  writeValue(
    chunk => {
      text += chunk
    },
    value,
    LINES_DEPTH + 1,
  )
  return text
}

function writeValue(write: Writer, value: JsonValue, depth: number): void {
  if (value === null || typeof value !== 'object') write(plainText(value))
  else if (isList(value)) writeList(write, value, depth)
  else writeObject(write, value, depth)
}

/** A value without parts as it is written. */
function plainText(value: string | number | boolean | null): string {
  return typeof value === 'string' ? jsonString(value) : scalar(value)
}

/** JSON has no NaN and no infinity; a number that is none is a bug upstream, never silently a null. */
function scalar(value: number | boolean | null): string {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new RangeError(`${value} has no JSON form`)
  return String(value)
}

function writeList(write: Writer, list: Iterable<JsonValue>, depth: number): void {
  const lines = depth <= LINES_DEPTH
  const [begin, between] = lines ? ['[\n', ',\n'] : ['[', ',']
  let first = true
  const writeElement = (element: JsonValue) => {
    write(first ? begin : between)
    first = false
    writeValue(write, element, depth + 2)
  }
  if (list instanceof WrittenList) {
    for (const texts of list.batches) {
      if (texts.length === 0) continue
      write((first ? begin : between) + texts.join(between))
      first = false
    }
  } else if (list instanceof MadeList) for (let n = 0; n < list.length; n++) writeElement(list.item(n))
  else for (const element of list) writeElement(element)
  write(first ? '[]' : lines ? '\n]' : ']')
}

function writeObject(
  write: Writer,
  object: { readonly [key: string]: JsonValue | undefined },
  depth: number,
): void {
  let first = true
  // What has no parts is put together: a document may have ten million fields, and each piece costs the writer a call.
  let text = '{'
  for (const key of Object.keys(object)) {
    const value = object[key]
    if (value === undefined) continue
    text += first ? (depth === 0 ? '\n' : '') : depth === 0 ? ',\n' : ','
    first = false
    text += keyText(key)
    if (value === null || typeof value !== 'object') text += plainText(value)
    else {
      write(text)
      text = ''
      writeValue(write, value, depth + 1)
    }
  }
  write(`${text}${depth === 0 && !first ? '\n}' : '}'}`)
}

/** Names of fields as they are written: a document has few, though each a million times. */
const MOST_KEYS = 1024
const keys = new Map<string, string>()

function keyText(key: string): string {
  let text = keys.get(key)
  if (text === undefined) {
    text = `${jsonString(key)}:`
    if (keys.size < MOST_KEYS) keys.set(key, text)
  }
  return text
}

function isList(value: object): value is Iterable<JsonValue> {
  return Symbol.iterator in value
}
