import type { FolioFlags, ItemField, ItemKind } from '../model/kind.js'
import type { Content } from '../model/piece.js'
import { type Frames, NO_FRAMES } from './frames.js'

/** Something that owns preserved memory, with all that is compared of it. */
export interface Item {
  kind: ItemKind
  /** What it is in the state, by which claims know it. */
  self: unknown
  path: string
  /** What two states' items have in common: the path, with natural keys for list numbers. */
  key: string
  /** Key of the item that this one belongs to. */
  parent: string | null
  /** What it is, in a few words. */
  text: string
  fields: ItemField[]
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
    self: undefined,
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
