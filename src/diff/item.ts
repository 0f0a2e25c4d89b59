import { appendPath, elementSegments, type Segment } from '../../formats/layout/index.js'
import type { Content } from '../owners/part.js'
import type { ChangeClass } from './change.js'
import { type Frames, NO_FRAMES } from './frames.js'

/** Owners that can be each other under another name are of one kind. */
export type ItemKind = 'root' | 'blob' | 'region' | 'session' | 'file' | 'flb'

/** A property of an owner that is compared as it is. */
export interface Field {
  name: string
  /** Null where it is not known: then it is not compared. */
  value: string | null
  /** What a difference is called. */
  class: ChangeClass
}

/** The flags of a memfd's folios, by page index. */
export interface FolioFlags {
  index: Float64Array
  flags: Uint16Array
}

/** Something that owns preserved memory, with all that is compared of it. */
export interface Item {
  kind: ItemKind
  path: string
  /** What two states' items have in common: the path, with natural keys for list numbers. */
  key: string
  /** Key of the item that this one belongs to. */
  parent: string | null
  /** What it is, in a few words. */
  text: string
  fields: Field[]
  /** Logical size in bytes; null where it has none. */
  size: number | null
  content: Content | null
  folioFlags: (() => FolioFlags) | null
  /** True where the image does not tell where some of its memory lies: a copy of debugfs has no addresses. */
  placeless: boolean
  /** Preserved memory that it claims: contents, and the structures that lead to them. */
  data: Frames
  structures: Frames
}

/** An item that has nothing yet but a name. */
export function createItem(kind: ItemKind, path: string, text: string, more: Partial<Item> = {}): Item {
  return {
    kind,
    path,
    key: path,
    parent: null,
    text,
    fields: [],
    size: null,
    content: null,
    folioFlags: null,
    placeless: false,
    data: NO_FRAMES,
    structures: NO_FRAMES,
    ...more,
  }
}

/** A field; numbers are written in decimal. */
export function field(
  name: string,
  value: string | number | bigint | null,
  changeClass: ChangeClass = 'content-changed',
): Field {
  return { name, value: value === null ? null : String(value), class: changeClass }
}

/** Paths of a list's elements by key. */
export function elementPaths(base: string, keys: readonly (string | null)[]): string[] {
  return elementSegments(keys).map((segment: Segment) => appendPath(base, segment))
}
