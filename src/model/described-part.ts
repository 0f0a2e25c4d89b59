import {
  addressKey,
  bitsKey,
  type CompiledStruct,
  type DescribedField,
  type DescribedNode,
  keyOf,
  type Link,
  nestedNode,
  numberAt,
  postedText,
} from '../../formats/described/index.js'
import { appendPath, KHO_VMALLOC } from '../../formats/layout/index.js'
import { rangeAt } from '../../formats/memory/range.js'
import type { KhoState } from '../image/state.js'
import { linkFields } from './described-link.js'
import { addressLeaf, scalarLeaf } from './described-value.js'
import {
  count,
  defineKind,
  type Field,
  type Kind,
  type Memory,
  NO_MEMORY,
  notKnown,
  one,
  opaque,
} from './kind.js'
import { noteOf, type Part } from './part.js'
import { structMemory } from './struct-kind.js'

const kinds = new WeakMap<CompiledStruct, Kind<Part>>()

/**
 * A structure of a layout as a kind. A field that leads somewhere has what it leads to under its own name, and the
 * address beside it.
 */
export function partKind(compiled: CompiledStruct): Kind<Part> {
  let kind = kinds.get(compiled)
  if (kind === undefined) {
    kind = defineKind<Part>({
      what: ({ all }) => [`struct ${compiled.name}`, postedText(all.description)].filter(Boolean).join(', '),
      fields: Object.fromEntries(
        compiled.fields
          .flatMap(field => fieldsOf(compiled, field))
          .map(([key, field]) => [key, unlessLost(field)]),
      ),
      memory: partMemory,
    })
    kinds.set(compiled, kind)
  }
  return kind
}

/** The bytes of a structure; none where they lie in two places. */
function partMemory({ node, all, path }: Part): Memory {
  const { address, compiled } = node
  if (address === null) return NO_MEMORY
  const note = noteOf({ all })
  const memory = structMemory(compiled.struct, address, path)
  return { ...memory, pieces: () => [{ kind: 'struct', address, struct: compiled.struct, path, ...note }] }
}

const LOST = notKnown('its bytes are not in the dump')

function unlessLost(field: Field<Part>): Field<Part> {
  const known = field.get as (part: Part, state: KhoState) => never
  const get = (part: Part, state: KhoState) => (part.lost === true ? LOST : known(part, state))
  // A copy of its own properties, not of their values: the kind of a list's entries is made when it is asked for.
  return Object.defineProperties(
    {},
    { ...Object.getOwnPropertyDescriptors(field), get: { value: get } },
  ) as Field<Part>
}

function fieldsOf(compiled: CompiledStruct, field: DescribedField): [string, Field<Part>][] {
  const key = keyOf(field.name)
  const link = compiled.links.find(candidate => candidate.field === field)
  const nested = compiled.nested.find(candidate => candidate.field === field)
  if (nested !== undefined) {
    const get = ({ node, path, all, index }: Part): Part => ({
      node: nestedNode(node, nested),
      path: appendPath(path, key),
      all,
      index,
    })
    return [[key, one(partKind(nested.compiled), get)]]
  }
  const fields: [string, Field<Part>][] = []
  if (link === undefined) fields.push([key, plainField(field)])
  else fields.push(...ownFields(key, field, link), ...linkFields(link, partKind))
  if (field.bits.length > 0) fields.push([bitsKey(key), one(bitsKind(field), ({ node }) => node)])
  return fields
}

function plainField(field: DescribedField): Field<Part> {
  if (typeof field.type === 'object') {
    return scalarLeaf({ ...field, type: 'bytes', length: KHO_VMALLOC.size })
  }
  return field.type === 'addr' ? addressLeaf(field) : scalarLeaf(field)
}

/** What of a field that leads somewhere is a value. */
function ownFields(key: string, field: DescribedField, { to }: Link): [string, Field<Part>][] {
  switch (to.kind) {
    case 'vmalloc':
      return []
    case 'tail':
    case 'folio':
      return [[key, scalarLeaf(field)]]
    default:
      return to.kind === 'pages' ? [] : [[addressKey(key), addressLeaf(field)]]
  }
}

/** The parts of a word. */
function bitsKind(field: DescribedField): Kind<DescribedNode> {
  const size = { u64: 8, addr: 8, u32: 4, u16: 2, u8: 1 }[String(field.type)] ?? 8
  return defineKind<DescribedNode>({
    what: `parts of ${field.name}`,
    fields: Object.fromEntries(
      field.bits.map(({ name, shift, width }) => {
        const get = ({ bytes }: DescribedNode) =>
          BigInt.asUintN(width, numberAt(bytes, field.offset, size) >> BigInt(shift))
        const leaf = width > 52 ? opaque(get) : count((node: DescribedNode) => Number(get(node)))
        return [keyOf(name), leaf]
      }),
    ),
    memory: ({ address }) =>
      address === null ? NO_MEMORY : { extents: [rangeAt(address + field.offset, size)] },
  })
}
