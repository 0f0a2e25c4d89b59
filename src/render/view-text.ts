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
import { throughOf } from '../model/kind-fields.js'
import type { View } from '../model/node.js'
import { elementNames } from '../model/segments.js'
import { escapeText } from './escape.js'
import { grouped, nameText, unitText } from './plain-text.js'
import { isTold, mayRepeat, TOLD_BEFORE, type Told } from './told.js'
import { hexDigits } from './view-json.js'
import type { Writer } from './writer.js'

export { grouped, nameText, unitText } from './plain-text.js'

/** How text is coloured; the identity where it is not. */
export interface Palette {
  /** A name of a part. */
  label(text: string): string
  /** Something worth a look. */
  strong(text: string): string
  faint(text: string): string
  good(text: string): string
  warning(text: string): string
  bad(text: string): string
}

/** How a tree is written. */
export interface TreeOptions {
  palette: Palette
  /** Elements of a list that are shown before `… N more`. */
  limit: number
  /** What was written already. */
  told: Told
  /** Levels below the first line that are shown; all where left out. */
  depth?: number
}

/** Bytes of an unknown value that are shown. */
const SHOWN_BYTES = 32

/** Writes a part of a state as an indented tree; values share their parent's line. */
export function writeTree(
  write: Writer,
  label: string,
  state: KhoState,
  view: View,
  options: TreeOptions,
  depth = 0,
  again = false,
): void {
  const { palette, told } = options
  const head = `${indent(depth)}${palette.label(escapeText(label))}`
  const deeper = depth < (options.depth ?? Number.POSITIVE_INFINITY)
  if (view.form === 'many' && !isNotKnown(view.elements)) {
    const { many, owner, elements } = view
    // As a field of a thing it was asked for before its line was begun.
    const repeated = depth === 0 ? isTold(told, many, owner) : again
    if (depth === 0 && repeated && !mayRepeat(told, Math.min(elements.length, options.limit + 1))) {
      write(`${head}  ${unknownText({ notKnown: TOLD_BEFORE }, palette)}\n`)
      return
    }
    write(`${head} ${palette.faint(`(${elements.length})`)}${missingText(elements, palette)}\n`)
    if (deeper) writeElements(write, state, many, elements, options, depth + 1, repeated)
  } else if (view.form === 'one') {
    const { kind, self } = view.thing
    const repeated = isTold(told, kind, self) || again
    const parts = withoutKey(partsOf(state, view.thing, options, repeated), label)
    const line = inlineText(parts, palette)
    write(line === '' ? `${head}\n` : `${head}  ${line}\n`)
    if (deeper) writeParts(write, state, parts, options, depth + 1, repeated)
  } else {
    const value = view.form === 'leaf' ? leafText(view.leaf, view.value) : '-'
    const shown = view.form === 'many' ? unknownText(view.elements as NotKnown, palette) : value
    write(shown === label ? `${head}\n` : `${head}  ${shown}\n`)
  }
}

/** A field of a thing, looked at. */
interface Part {
  name: string
  /** True for what a path may leave out: the tree leaves it out, too. */
  through: boolean
  view: View | { form: 'unknown'; reason: string }
}

function partsOf(
  state: KhoState,
  { kind, self }: Thing,
  { told, limit }: TreeOptions,
  again: boolean,
): Part[] {
  const parts: Part[] = []
  for (const [name, field] of Object.entries(kind.fields)) {
    if (field.form !== 'leaf' && field.hidden === true) continue
    let view = fieldView(state, field, self)
    if (again && view.form === 'many' && !isNotKnown(view.elements)) {
      const shown = Math.min(view.elements.length, limit + 1)
      if (!mayRepeat(told, shown)) view = { form: 'unknown', reason: TOLD_BEFORE }
    }
    if (field.form !== 'leaf' && field.rare === true && isNone(view)) continue
    parts.push({ name, through: throughOf(field) !== undefined, view })
  }
  return parts
}

function fieldView(state: KhoState, field: Field<unknown>, self: unknown): Part['view'] {
  const value = field.get(self, state)
  if (isNotKnown(value)) return { form: 'unknown', reason: value.notKnown }
  if (field.form === 'leaf') return { form: 'leaf', leaf: field, value: value as LeafValue }
  if (field.form === 'many') {
    return { form: 'many', many: field, owner: self, elements: value as Elements<unknown> }
  }
  return value === null ? { form: 'nothing' } : { form: 'one', thing: value as Thing }
}

/** The parts of a thing that need lines of their own. */
function writeParts(
  write: Writer,
  state: KhoState,
  parts: readonly Part[],
  options: TreeOptions,
  depth: number,
  again: boolean,
): void {
  for (const { name, through, view } of parts) {
    if (view.form === 'one' && through) {
      const repeated = isTold(options.told, view.thing.kind, view.thing.self) || again
      const inner = partsOf(state, view.thing, options, repeated)
      const line = inlineText(inner, options.palette)
      if (line !== '') write(`${indent(depth)}${line}\n`)
      writeParts(write, state, inner, options, depth, repeated)
    } else if (view.form === 'one' || (view.form === 'many' && !isEmpty(view.elements))) {
      writeTree(write, name, state, view, options, depth, again)
    }
  }
}

/** An element whose first field is its key has said that field with its label. */
function withoutKey(parts: Part[], label: string): Part[] {
  const view = parts[0]?.view
  if (view?.form !== 'leaf') return parts
  const { leaf, value } = view
  const said = leaf.kind === 'name' && value !== null ? value : leafText(leaf, value)
  return said === label ? parts.slice(1) : parts
}

function writeElements(
  write: Writer,
  state: KhoState,
  { of }: Many<unknown>,
  elements: Elements<unknown>,
  options: TreeOptions,
  depth: number,
  again: boolean,
): void {
  const { length } = elements
  // One more line would say no more than the element itself.
  const shown = length <= options.limit + 1 ? length : options.limit
  const labels = elementNames(elements, shown)
  for (let n = 0; n < shown; n++) {
    const self = elements.item(n)
    const view: View =
      'form' in of
        ? { form: 'leaf', leaf: of, value: of.get(self, state) }
        : { form: 'one', thing: { kind: of, self } }
    writeTree(write, labels[n] as string, state, view, options, depth, again)
  }
  writeMore(write, length - shown, options, depth)
}

/** Says how many elements are not shown, when there are any. */
export function writeMore(write: Writer, more: number, options: TreeOptions, depth: number): void {
  if (more > 0)
    write(`${indent(depth)}${options.palette.faint(`… ${grouped(more)} more (--all shows them)`)}\n`)
}

function inlineText(parts: readonly Part[], palette: Palette): string {
  const words: string[] = []
  for (const { name, view } of parts) {
    const label = palette.faint(name)
    if (view.form === 'unknown') words.push(`${label} ${unknownText({ notKnown: view.reason }, palette)}`)
    else if (view.form === 'nothing') words.push(`${label} -`)
    else if (view.form === 'leaf' && view.leaf.quiet === true && view.value === null) continue
    else if (view.form === 'leaf') words.push(`${label} ${leafText(view.leaf, view.value)}`)
    else if (view.form === 'many' && isEmpty(view.elements)) words.push(`${label} none`)
  }
  return words.join(', ')
}

function isNone(view: Part['view']): boolean {
  return view.form === 'nothing' || (view.form === 'many' && isEmpty(view.elements))
}

function isEmpty(elements: Elements<unknown> | NotKnown): boolean {
  return !isNotKnown(elements) && elements.length === 0
}

function unknownText({ notKnown }: NotKnown, palette: Palette): string {
  return `${palette.warning('not known')} ${palette.faint(`(${escapeText(notKnown)})`)}`
}

function missingText({ missing }: Elements<unknown>, palette: Palette): string {
  return missing === undefined
    ? ''
    : ` ${palette.warning('and more')} ${palette.faint(`(${escapeText(missing)})`)}`
}

function indent(depth: number): string {
  return '  '.repeat(depth)
}

/** A value for people: names are quoted and escaped, sizes have their unit beside them. */
function leafText({ kind }: Leaf<unknown>, value: LeafValue | NotKnown): string {
  if (value === null || isNotKnown(value)) return '-'
  if (value instanceof Uint8Array) return bytesText(value)
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'string') return kind === 'name' ? `"${nameText(value)}"` : escapeText(value)
  if (kind === 'address' || kind === 'opaque') return `0x${value.toString(16)}`
  return kind === 'size' ? sizeText(Number(value)) : value.toString()
}

/** `2097152 (2 MiB)`: exact first, then what a person makes of it. */
function sizeText(bytes: number): string {
  const rounded = unitText(bytes)
  return bytes < 1024 ? `${bytes} bytes` : `${bytes} (${rounded})`
}

function bytesText(bytes: Uint8Array): string {
  const head = hexDigits(bytes.subarray(0, SHOWN_BYTES)).replace(/(..)(?=.)/g, '$1 ')
  const more = bytes.length - SHOWN_BYTES
  return more > 0 ? `${head} … ${grouped(more)} more bytes` : head
}
