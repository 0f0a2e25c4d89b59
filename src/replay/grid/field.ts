import { FDT_HEADER, type FdtNode, type FdtProperty, type FdtTree } from '../../../formats/fdt/index.js'
import { cName, type Field, type Struct } from '../../../formats/layout/field.js'

/** What a field means, which decides what is hostile in it. */
export type FieldKind = 'address' | 'count' | 'bits' | 'text' | 'token'

/**
 * The last moment before which no reader has looked at a field: `boot`, nothing of the hand-over has been seen; `init`, the
 * map is read, and no initcall has run; `use`, user space is up and has opened nothing.
 */
export type Stage = 'boot' | 'init' | 'use'

/** One field of a state in memory. */
export interface GridField {
  /** A path: structure, then field. */
  id: string
  /** Physical address. */
  at: number
  bytes: number
  /** FDT's own words are big-endian. */
  bigEndian: boolean
  kind: FieldKind
  stage: Stage
}

/** Fields that are addresses, or are not counts, though their type does not say so. */
const KINDS: Readonly<Record<string, FieldKind>> = { flags: 'bits', seals: 'bits' }

/** Every field of a structure at an address, those of structures in it included. */
export function structFields(
  id: string,
  struct: Pick<Struct, 'fields'>,
  at: number,
  stage: Stage,
  kinds: Readonly<Record<string, FieldKind>> = {},
): GridField[] {
  return struct.fields.flatMap(field => {
    const name = `${id}.${field.name}`
    if (isStruct(field)) return structFields(name, field.type as Struct, at + field.offset, stage, kinds)
    const kind = kinds[field.name] ?? KINDS[field.name] ?? kindOf(field)
    return [{ id: name, at: at + field.offset, bytes: field.size, bigEndian: false, kind, stage }]
  })
}

function isStruct({ type }: Field): boolean {
  return typeof type !== 'string'
}

function kindOf({ type }: Field): FieldKind {
  if (type === 'addr') return 'address'
  return type === 'chars' ? 'text' : 'count'
}

/** A u64 of its own, outside of any declared structure. */
export function wordField(id: string, at: number, kind: FieldKind, stage: Stage): GridField {
  return { id, at, bytes: 8, bigEndian: false, kind, stage }
}

/** Properties that hold a native u64 with an address. */
const POINTERS = [
  'preserved-memory-map',
  'preserved-data',
  'fdt',
  'start',
  'luo-session-header',
  'luo-flb-header',
]

/** What an FDT is made of: its header, and the value, length and name of each property, in every node. */
export function fdtFields(
  id: string,
  tree: FdtTree,
  at: number,
  stage: Stage,
  structure: boolean,
): GridField[] {
  const word = (name: string, offset: number): GridField => ({
    id: `${id}.${name}`,
    at: at + offset,
    bytes: 4,
    bigEndian: true,
    kind: 'token',
    stage,
  })
  const header = Object.entries(FDT_HEADER).flatMap(([key, offset]) =>
    structure || offset <= FDT_HEADER.totalsize ? [word(cName(key), offset)] : [],
  )
  const end = tree.header.offDtStruct + (tree.header.sizeDtStruct ?? 0) - 4
  const tokens = structure ? [word('BEGIN_NODE', tree.root.offset), word('END', end)] : []
  return [...header, ...tokens, ...nodeFields(id, tree.root, at, stage, structure)]
}

function nodeFields(id: string, node: FdtNode, at: number, stage: Stage, structure: boolean): GridField[] {
  const path = node.name === '' ? id : `${id}/${node.name}`
  const name: GridField[] =
    node.name === ''
      ? []
      : [
          {
            id: `${path}.name`,
            at: at + node.offset + 4,
            bytes: node.name.length,
            bigEndian: false,
            kind: 'text',
            stage,
          },
        ]
  return [
    ...name,
    ...node.properties.flatMap((property, n) =>
      propertyFields(path, property, at, stage, structure && n === 0),
    ),
    ...node.children.flatMap(child => nodeFields(path, child, at, stage, structure)),
  ]
}

function propertyFields(
  path: string,
  { name, value, offset }: FdtProperty,
  at: number,
  stage: Stage,
  structure: boolean,
): GridField[] {
  const id = `${path}:${name}`
  const own = { at: at + offset, bytes: value.length, bigEndian: false, stage }
  const fields: GridField[] = []
  if (name === 'compatible') fields.push({ id, ...own, kind: 'text' })
  else if (value.length === 8)
    fields.push({ id, ...own, kind: POINTERS.includes(name) ? 'address' : 'count' })
  else if (value.length === 4) fields.push({ id, ...own, kind: 'count' })
  const word = (what: string, back: number): GridField => ({
    id: `${id}.${what}`,
    at: at + offset - back,
    bytes: 4,
    bigEndian: true,
    kind: 'token',
    stage,
  })
  fields.push(word('len', 8))
  if (structure) fields.push(word('nameoff', 4))
  return fields
}
