import { createContext } from '../../formats/blobs/context.js'
import {
  addressKey,
  type CompiledStruct,
  type Followed,
  follow,
  type Link,
  vmallocKey,
} from '../../formats/described/index.js'
import { appendPath, KHO_BLOCK_HEADER } from '../../formats/layout/index.js'
import type { Range } from '../../formats/memory/range.js'
import type { KhoState } from '../image/state.js'
import { orderFinder } from './block-finder.js'
import { addressLeaf } from './described-value.js'
import type { Elements } from './elements.js'
import {
  absent,
  address,
  type Field,
  type Kind,
  type Leaf,
  list,
  type Memory,
  NO_MEMORY,
  type NotKnown,
  notKnown,
  one,
  type Thing,
} from './kind.js'
import { noteOf, type Part } from './part.js'
import type { Piece } from './piece.js'
import { type Area, VMALLOC } from './vmalloc.js'

/** The kind of a structure that a layout tells: layouts lead into each other, so this comes from above. */
type KindOf = (compiled: CompiledStruct) => Kind<Part>

/** What a field leads to, as fields. */
export function linkFields(link: Link, kindOf: KindOf): [string, Field<Part>][] {
  switch (link.to.kind) {
    case 'struct':
      return [[link.key, target(link, kindOf)]]
    case 'pages':
    case 'folio':
      return [[addressKey(link.key), memoryLeaf(link)]]
    case 'tables':
      return [[link.key, tables(link)]]
    case 'vmalloc':
      return [
        [link.key, entries(link, kindOf)],
        [vmallocKey(link.key), area(link)],
      ]
    default:
      return [[link.key, entries(link, kindOf)]]
  }
}

function pathOf(link: Link, { path }: Part): string {
  return appendPath(path, link.key)
}

/** What the walk found there, or why this is not the place to look. */
function foundAt(link: Link, part: Part): Followed | NotKnown {
  const path = pathOf(link, part)
  const found = part.index.followed.get(path)
  if (found !== undefined) return found
  const home = part.index.elsewhere.get(path)
  return notKnown(home === undefined ? 'it lies too deep' : `it is ${home}`)
}

/** A field that leads to one structure. */
function target(link: Link, kindOf: KindOf): Field<Part> {
  return {
    form: 'one',
    kinds: [],
    open: true,
    orNull: 'null where it leads nowhere, or has another path',
    get(part): Thing | NotKnown | null {
      const found = foundAt(link, part)
      if ('notKnown' in found) return found
      if (found.missing !== null) return notKnown(absent('its structure', found.missing))
      const node = found.at(0)
      if (node === null) return null
      const { all, index } = part
      return {
        kind: kindOf(node.compiled) as Kind<unknown>,
        self: { node, path: pathOf(link, part), all, index },
      }
    },
  }
}

/** Memory that is no structure, by its address. */
function memoryLeaf(link: Link): Leaf<Part> {
  const plain = addressLeaf(link.field)
  const memory: Leaf<Part>['memory'] = (part, state) => {
    const extents = memoryOf(link, part, state)
    return extents.length === 0 ? null : { what: 'memory', extents }
  }
  if (link.to.kind !== 'folio') return { ...plain, memory }
  const get = (part: Part, state: KhoState) => memoryOf(link, part, state)[0]?.start ?? null
  return address(get, { doc: link.field.doc, memory, orNull: 'null for a hole' })
}

function memoryOf(link: Link, { node, path }: Part, state: KhoState): Range[] {
  const orderAt = orderFinder(state)
  const blockBytes = (at: number) => {
    const order = orderAt(at)
    return order < 0 ? 0 : state.geometry.pageSize * 2 ** order
  }
  // What is wrong with it was said when it was first looked at.
  const context = { ...createContext(state.image.memory, state.geometry), blockBytes }
  return follow(context, node, link, path).data
}

/** Pages of tables, by their addresses. */
function tables(link: Link): Field<Part> {
  const page = address<Range>(range => range.start, {
    memory: range => ({ what: 'page table', extents: [range] }),
  })
  return list('list of page tables', page, (part: Part) => {
    const found = foundAt(link, part)
    if ('notKnown' in found) return found
    const { data, missing } = found
    const element = { length: data.length, item: (n: number) => data[n]! }
    return missing === null ? element : { ...element, missing: absent('a table', missing) }
  })
}

/** Entries of a list. A structure may have a list of its own kind: the kind is made when there is an entry. */
function entries(link: Link, kindOf: KindOf): Field<Part> {
  const compiled = link.target!
  return {
    form: 'many',
    what: `list of ${compiled.name}`,
    get of() {
      return kindOf(compiled) as Kind<unknown>
    },
    get(part): Elements<Part> | NotKnown {
      const found = foundAt(link, part)
      if ('notKnown' in found) return found
      const { known, missing } = found
      if (known === 0 && missing !== null) return notKnown(absent('its memory', missing))
      const item = (n: number): Part => entryAt(link, part, found, n)
      return { length: known, item, ...(missing === null ? {} : { missing: absent('a part', missing) }) }
    },
    memory(part, _, path): Memory {
      const found = foundAt(link, part)
      if ('notKnown' in found || found.extents.length === 0) return NO_MEMORY
      return { extents: found.extents, pieces: () => listPieces(found, part, path) }
    },
  }
}

function entryAt(link: Link, part: Part, found: Followed, n: number): Part {
  const { all, index } = part
  const node = found.at(n)
  const path = appendPath(pathOf(link, part), n)
  if (node !== null) return { node, path, all, index }
  const compiled = link.target!
  const bytes = new Uint8Array(compiled.struct.size)
  return { node: { compiled, address: null, bytes }, lost: true, path, all, index }
}

/** Heads of a chain's parts, and the entries behind each. */
function listPieces({ link, extents, runs }: Followed, part: Part, path: string): Piece[] {
  const { kind } = link.to
  const { struct } = link.target!
  const heads: Piece[] =
    kind === 'blocks' || kind === 'chain'
      ? extents.map(({ start }) => ({ kind: 'struct', address: start, struct: KHO_BLOCK_HEADER, path }))
      : []
  const records = runs.map(({ address: start, first, count }): Piece => {
    const pathOf = (n: number) => appendPath(path, first + n)
    return { kind: 'records', address: start, struct, count, pathOf, ...noteOf(part) }
  })
  return [...heads, ...records].sort((a, b) => a.address - b.address)
}

/** The area that a list is in. */
function area(link: Link): Field<Part> {
  return one(
    VMALLOC,
    (part: Part): Area | NotKnown | null => {
      const found = foundAt(link, part)
      if ('notKnown' in found) return found
      if (found.area === null) return null
      return {
        vmalloc: found.area,
        traits: { kind: 'metadata', version: link.target!.name, preserved: true },
        runPiece: (at, size, offset) => runPiece(link, part, found, { at, size, offset }),
      }
    },
    { orNull: 'null where there are no entries' },
  )
}

/** The entries of one run, where none lies across its border. */
function runPiece(
  link: Link,
  part: Part,
  found: Followed,
  { at, size, offset }: { at: number; size: number; offset: number },
): Piece | null {
  const { struct } = link.target!
  if (size % struct.size !== 0) return null
  const before = offset / struct.size
  const count = Math.min(size / struct.size, found.known - before)
  if (count <= 0) return null
  const pathOfEntry = (n: number) => appendPath(pathOf(link, part), before + n)
  return { kind: 'records', address: at, struct, count, pathOf: pathOfEntry, ...noteOf(part) }
}
