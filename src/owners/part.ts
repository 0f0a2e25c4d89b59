import type { Memfd, Vmalloc } from '../../formats/blobs/index.js'
import type { FdtTree } from '../../formats/fdt/index.js'
import { appendPath, type Field, type Struct } from '../../formats/layout/index.js'
import { type Range, rangeAt } from '../../formats/memory/range.js'
import type { TrackerNode } from '../../formats/trackers/tracker.js'

/** How a stretch of memory is to be understood: what an annotated dump shows beside the bytes. */
export type Piece =
  | { kind: 'struct'; address: number; struct: Struct; path: string }
  /** Records of one kind, one behind the other. */
  | { kind: 'records'; address: number; struct: Struct; count: number; pathOf(n: number): string }
  /** Native u64s. */
  | { kind: 'words'; address: number; count: number; name: string; meaning(value: bigint, n: number): string }
  | { kind: 'fdt'; address: number; tree: FdtTree; path: string }
  | { kind: 'node'; address: number; node: TrackerNode }

/** Some bytes of a content, in the order of the content. */
export interface ContentPiece {
  /** Bytes from the start of the content. */
  offset: number
  length: number
  /** Physical address; null where the structures name none, though they say there are bytes. */
  address: number | null
  /** Set where the kernel shows zeros whatever the page holds. */
  zeros?: boolean
}

/** What a person means by the bytes of a part: a file, a region, an area. */
export interface Content {
  /** Bytes; what no piece covers is a hole, which reads as zeros. */
  size: number
  pieces(): Iterable<ContentPiece>
  /** Why the pieces may not be all there are; null where they are. */
  incomplete: string | null
}

/** What a part is, for those who need more of it than its bytes. */
export type PartValue =
  | { kind: 'memfd'; memfd: Memfd }
  | { kind: 'vmalloc'; vmalloc: Vmalloc }
  | { kind: 'fdt'; tree: FdtTree }
  | { kind: 'node'; node: TrackerNode }

/** Elements that a path names by key or by number. */
export interface PartList {
  readonly length: number
  key(n: number): string | null
  at(n: number): Part
  /** The element that a segment names, or -1; where keys are many and there is a faster way than to look at all. */
  find?(segment: string | number): number
}

/** What a path leads to: bytes, how to read them, and the parts below. Made one step at a time. */
export interface Part {
  path: string
  /** In a word or two: `session`, `folio`, `vmalloc chunk`. */
  what: string
  /** Where its own bytes lie, in order; none for what is only a name. */
  extents: readonly Range[]
  value?: PartValue
  /** Structures in the extents, ascending. */
  pieces?(): Iterable<Piece>
  /** Its content, where that is not simply the bytes of the extents. */
  content?(): Content
  fields?: Readonly<Record<string, () => Part>>
  list?: PartList
  /** Fields that a path may leave out, as in the tree that `dump` shows. */
  through?: readonly string[]
}

/** A part that is bytes and nothing more. */
export function bytesPart(path: string, what: string, address: number, size: number): Part {
  return { path, what, extents: [rangeAt(address, size)] }
}

/** A name over other parts. */
export function namePart(path: string, what: string, fields: Record<string, () => Part>): Part {
  return { path, what, extents: [], fields }
}

/** A list without bytes of its own. */
export function listPart(path: string, what: string, list: PartList): Part {
  return { path, what, extents: [], list }
}

/**
 * A structure in memory. Its fields are parts by their names; `names` gives those of other words in the tree that
 * `dump` shows, such as `position` for `pos` or `fileCount` for `fileSetSer.count`.
 */
export function structPart(
  path: string,
  what: string,
  address: number,
  struct: Struct,
  names: Readonly<Record<string, string>> = {},
): Part {
  const pieces = () => [{ kind: 'struct' as const, address, struct, path }]
  const fields = fieldParts(path, address, struct, pieces)
  for (const [name, dotted] of Object.entries(names)) {
    const found = findField(struct, dotted)
    if (found !== null) {
      fields[name] = () => fieldPart(appendPath(path, name), address + found.offset, found.field, pieces)
    }
  }
  return { path, what, extents: [rangeAt(address, struct.size)], pieces, fields }
}

function fieldParts(
  path: string,
  address: number,
  struct: Struct,
  pieces: () => Piece[],
): Record<string, () => Part> {
  const fields: Record<string, () => Part> = {}
  for (const field of struct.fields) {
    fields[field.name] = () => fieldPart(appendPath(path, field.name), address + field.offset, field, pieces)
  }
  return fields
}

function fieldPart(path: string, address: number, field: Field, pieces: () => Piece[]): Part {
  const part = { path, what: 'field', extents: [rangeAt(address, field.size)], pieces }
  if (typeof field.type !== 'object') return part
  return { ...part, fields: fieldParts(path, address, field.type, pieces) }
}

function findField(struct: Struct, dotted: string): { field: Field; offset: number } | null {
  let offset = 0
  let fields = struct.fields
  let field: Field | undefined
  for (const name of dotted.split('.')) {
    field = fields.find(candidate => candidate.name === name)
    if (field === undefined) return null
    offset += field.offset
    fields = typeof field.type === 'object' ? field.type.fields : []
  }
  return field === undefined ? null : { field, offset }
}
