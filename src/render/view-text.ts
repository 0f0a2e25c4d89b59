import { escapeText } from './escape.js'
import type { ListView, RecordView, Scalar, View } from './view.js'
import { hexDigits } from './view-json.js'
import { elementNames } from './view-path.js'
import type { Writer } from './writer.js'

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
}

/** Bytes of an unknown value that are shown. */
const SHOWN_BYTES = 32

/** Writes a part of a state as an indented tree; scalars share their parent's line. */
export function writeTree(write: Writer, label: string, view: View, options: TreeOptions, depth = 0): void {
  const { palette } = options
  const head = `${indent(depth)}${palette.label(escapeText(label))}`
  if (view.kind === 'list') {
    write(`${head} ${palette.faint(`(${view.length})`)}\n`)
    writeElements(write, view, options, depth + 1)
  } else if (view.kind === 'record') {
    const line = inlineFields(withoutKey(view, label), palette)
    write(line === '' ? `${head}\n` : `${head}  ${line}\n`)
    writeParts(write, view, options, depth + 1)
  } else {
    const value = scalarText(view)
    write(value === label ? `${head}\n` : `${head}  ${value}\n`)
  }
}

/** The parts of a record that need lines of their own. What a path may leave out, the tree leaves out too. */
function writeParts(write: Writer, view: RecordView, options: TreeOptions, depth: number): void {
  for (const [field, part] of view.fields) {
    if (part.kind === 'record' && view.through?.includes(field) === true) {
      const line = inlineFields(part, options.palette)
      if (line !== '') write(`${indent(depth)}${line}\n`)
      writeParts(write, part, options, depth)
    } else if (part.kind === 'record' || (part.kind === 'list' && part.length > 0)) {
      writeTree(write, field, part, options, depth)
    }
  }
}

/** An element whose first field is its key has said that field with its label. */
function withoutKey(view: RecordView, label: string): RecordView {
  const part = view.fields[0]?.[1]
  if (part === undefined || part.kind === 'record' || part.kind === 'list') return view
  const value = part.kind === 'name' && part.value !== null ? part.value : scalarText(part)
  return value === label ? { ...view, fields: view.fields.slice(1) } : view
}

function writeElements(write: Writer, view: ListView, options: TreeOptions, depth: number): void {
  // One more line would say no more than the element itself.
  const shown = view.length <= options.limit + 1 ? view.length : options.limit
  const labels = elementNames(view, shown)
  for (let i = 0; i < shown; i++) writeTree(write, labels[i] as string, view.at(i), options, depth)
  writeMore(write, view.length - shown, options, depth)
}

/** Says how many elements are not shown, when there are any. */
export function writeMore(write: Writer, more: number, options: TreeOptions, depth: number): void {
  if (more > 0)
    write(`${indent(depth)}${options.palette.faint(`… ${grouped(more)} more (--all shows them)`)}\n`)
}

function inlineFields(view: RecordView, palette: Palette): string {
  const parts: string[] = []
  for (const [field, part] of view.fields) {
    if (part.kind === 'list' && part.length === 0) parts.push(`${palette.faint(field)} none`)
    else if (part.kind !== 'record' && part.kind !== 'list')
      parts.push(`${palette.faint(field)} ${scalarText(part)}`)
  }
  return parts.join(', ')
}

function indent(depth: number): string {
  return '  '.repeat(depth)
}

/** A value for people: names are quoted and escaped, sizes have their unit beside them. */
export function scalarText(scalar: Scalar): string {
  if (scalar.kind === 'nothing' || scalar.value === null) return '-'
  switch (scalar.kind) {
    case 'address':
    case 'opaque':
      return `0x${scalar.value.toString(16)}`
    case 'token':
      return scalar.value.toString()
    case 'size':
      return sizeText(scalar.value)
    case 'flag':
      return scalar.value ? 'yes' : 'no'
    case 'name':
      return `"${nameText(scalar.value)}"`
    case 'text':
      return escapeText(scalar.value)
    case 'bytes':
      return bytesText(scalar.value)
    default:
      return String(scalar.value)
  }
}

/** Bytes as text where they are UTF-8; else the bytes that are no ASCII as `\xNN`. */
export function nameText(byteString: string): string {
  const plain = byteString.replace(/["\\]/g, '\\$&')
  // Without a byte above 0x7f there is nothing to decode.
  if (!/[\u0080-\u00ff]/.test(plain)) return escapeText(plain)
  try {
    const raw = Uint8Array.from(plain, character => character.charCodeAt(0))
    return escapeText(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw))
  } catch {
    return plain.replace(
      /[^\u0020-\u007e]/g,
      character => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
    )
  }
}

/** `2097152 (2 MiB)`: exact first, then what a person makes of it. */
export function sizeText(bytes: number): string {
  const rounded = unitText(bytes)
  return bytes < 1024 ? `${bytes} bytes` : `${bytes} (${rounded})`
}

/** `2 MiB`, `1.2 GiB`: at most one decimal place. */
export function unitText(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  let unit = 0
  let value = bytes
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  const text = Number.isInteger(value) ? String(value) : value.toFixed(1)
  return `${text} ${units[unit]}`
}

/** Thousands apart, for numbers that are to be read, not parsed. */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
}

function bytesText(bytes: Uint8Array): string {
  const head = hexDigits(bytes.subarray(0, SHOWN_BYTES)).replace(/(..)(?=.)/g, '$1 ')
  const more = bytes.length - SHOWN_BYTES
  return more > 0 ? `${head} … ${grouped(more)} more bytes` : head
}
