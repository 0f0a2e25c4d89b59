import { KhoError } from '../error.js'
import { defineStruct, KHO_VMALLOC, type Struct } from '../layout/index.js'
import type { ContentFields, DescribedField, DescribedStruct, Description, Target } from './description.js'
import { checkNames, keyOf, TAIL_KEY } from './keys.js'

/** A description whose structures can be read and written. */
export interface Compiled {
  description: Description
  structs: ReadonlyMap<string, CompiledStruct>
  /** Structures that an address leads to: their places are remembered, so that each has one path. */
  pointedTo: ReadonlySet<string>
}

/** One structure of it. */
export interface CompiledStruct {
  name: string
  struct: Struct
  fields: readonly DescribedField[]
  /** Its fields that lead somewhere. */
  links: readonly Link[]
  /** Structures in it. */
  nested: readonly Nested[]
  content: ContentFields | null
  /** The FLB object without which a state has another form of it; null where there is none. */
  beside: string | null
}

/** A structure within another. */
export interface Nested {
  /** As a segment of a path. */
  key: string
  field: DescribedField
  compiled: CompiledStruct
}

/** A field that leads somewhere. */
export interface Link {
  /** What it leads to, as a segment of a path. */
  key: string
  field: DescribedField
  to: Target
  /** The structure that it leads to; null for memory. */
  target: CompiledStruct | null
  /** The field that counts a vmalloc area's entries, or says how many levels tables have, beside it. */
  counter: { offset: number; bytes: number } | null
}

/**
 * Makes a description readable.
 *
 * @throws KhoError `usage` that names the structure and field for a table that cannot be
 */
export function compileDescription(description: Description): Compiled {
  const structs = new Map<string, CompiledStruct>()
  const open = new Set<string>()
  const compile = (name: string): CompiledStruct => {
    const known = structs.get(name)
    if (known !== undefined) return known
    if (!Object.hasOwn(description.structs, name)) {
      throw new KhoError('usage', `the layout has no structure ${JSON.stringify(name)}`)
    }
    if (open.has(name)) throw new KhoError('usage', `structure ${name} contains itself`)
    open.add(name)
    const compiled = compileStruct(name, description.structs[name]!, description, compile)
    open.delete(name)
    structs.set(name, compiled)
    return compiled
  }
  for (const name of Object.keys(description.structs)) compile(name)
  checkTargets(description, structs)
  const links = [...structs.values()].flatMap(compiled => compiled.links)
  const pointedTo = new Set(links.flatMap(({ to }) => (to.kind === 'struct' ? [to.struct] : [])))
  return { description, structs, pointedTo }
}

/** What a posting is called beside what it describes; null for what the user describes. */
export function postedText({ posted }: Description): string | null {
  return posted === null ? null : `posted ${posted.date}, not merged`
}

function compileStruct(
  name: string,
  table: DescribedStruct,
  description: Description,
  compile: (name: string) => CompiledStruct,
): CompiledStruct {
  const nested: Nested[] = []
  const fields = [...table.fields].sort((a, b) => a.offset - b.offset)
  checkNames(name, fields)
  for (const field of fields) checkBits(name, field)
  const specs = fields.map(field => {
    const { type } = field
    const base = { name: field.name, offset: field.offset, doc: field.doc }
    if (typeof type !== 'object') {
      return {
        ...base,
        type,
        ...(field.length === null ? {} : { length: field.length }),
        ...(field.bits.length === 0 ? {} : { bits: field.bits.map(bit => ({ ...bit, doc: '' })) }),
      }
    }
    if (type.struct === KHO_VMALLOC.name) return { ...base, type: KHO_VMALLOC }
    const compiled = compile(type.struct)
    nested.push({ key: keyOf(field.name), field, compiled })
    return { ...base, type: compiled.struct }
  })
  const struct = defineStruct(name, {
    since: postedText(description) ?? 'described by the user',
    source: description.posted?.series ?? description.title,
    ...(table.size === null ? {} : { size: table.size }),
    fields: specs,
  })
  if (struct.size === 0) throw new KhoError('usage', `structure ${name} has no fields and no size`)
  const links = fields.flatMap((field): Link[] =>
    field.to === null ? [] : [linkOf(name, field, field.to, struct)],
  )
  return { name, struct, fields, links, nested, content: table.content, beside: table.beside }
}

const WIDTHS: Readonly<Record<string, number>> = { u64: 64, addr: 64, u32: 32, u16: 16, u8: 8 }

function checkBits(owner: string, { name, type, bits }: DescribedField): void {
  for (const bit of bits) {
    if (bit.shift + bit.width <= (WIDTHS[String(type)] ?? 0)) continue
    throw new KhoError('usage', `structure ${owner}: ${name} has no room for bits ${bit.name}`)
  }
}

function linkOf(owner: string, field: DescribedField, to: Target, struct: Struct): Link {
  const key = to.kind === 'tail' ? TAIL_KEY : keyOf(field.name)
  return { key, field, to, target: null, counter: counterOf(owner, field.name, to, struct) }
}

function counterOf(owner: string, own: string, to: Target, struct: Struct): Link['counter'] {
  const name =
    to.kind === 'vmalloc' ? to.count : to.kind === 'tables' ? to.levels : to.kind === 'tail' ? own : null
  if (name === null || typeof name === 'number') return null
  const field = struct.fields.find(candidate => candidate.name === name)
  if (field === undefined || !['u64', 'u32', 'u16', 'u8'].includes(String(field.type))) {
    throw new KhoError('usage', `structure ${owner} has no number ${JSON.stringify(name)} to count by`)
  }
  return { offset: field.offset, bytes: field.size }
}

/** Types of fields that lead somewhere; all others are addresses. */
const NEEDS: Readonly<Partial<Record<Target['kind'], readonly string[]>>> = {
  vmalloc: ['kho_vmalloc'],
  folio: ['u64'],
  tail: ['u64', 'u32', 'u16', 'u8'],
}

function checkTargets(description: Description, structs: ReadonlyMap<string, CompiledStruct>): void {
  const uses = [description.handlers, description.flbs, description.children].flatMap(Object.values).flat()
  for (const name of uses) known(structs, name as string)
  for (const compiled of structs.values()) {
    const { name, links } = compiled
    for (const link of links) {
      const { field, to } = link
      // Structures may lead to each other: this waits until all are there.
      if ('struct' in to) link.target = known(structs, to.struct)
      const needs = NEEDS[to.kind] ?? ['addr']
      const has = typeof field.type === 'object' ? field.type.struct : field.type
      if (!needs.includes(has)) {
        throw new KhoError(
          'usage',
          `structure ${name}: ${field.name} must be ${needs.join(' or ')} to lead to ${to.kind}`,
        )
      }
      if (to.kind === 'folio' && !field.bits.some(bit => bit.name === to.bits)) {
        throw new KhoError('usage', `structure ${name}: ${field.name} has no bits ${JSON.stringify(to.bits)}`)
      }
      if (to.kind === 'tail' && link.target!.links.some(inner => inner.to.kind === 'tail')) {
        throw new KhoError(
          'usage',
          `structure ${name}: entries that follow ${field.name} have a tail of their own`,
        )
      }
    }
    checkContent(compiled, structs)
  }
}

function checkContent(
  { name, links, fields, content }: CompiledStruct,
  structs: ReadonlyMap<string, CompiledStruct>,
): void {
  if (content === null) return
  const list = links.find(({ field }) => field.name === content.folios)
  const entry = list !== undefined && 'struct' in list.to ? structs.get(list.to.struct) : undefined
  const isNumber = (of: readonly DescribedField[], wanted: string) =>
    of.some(field => field.name === wanted && field.type === 'u64')
  if (entry === undefined || !entry.links.some(({ to }) => to.kind === 'folio')) {
    throw new KhoError('usage', `structure ${name}: its content has no list of folios ${content.folios}`)
  }
  const { uptodate } = content
  if (uptodate !== undefined && !entry.fields.some(({ bits }) => bits.some(bit => bit.name === uptodate))) {
    throw new KhoError('usage', `structure ${name}: entries of its content have no bits ${uptodate}`)
  }
  if (!isNumber(entry.fields, content.index) || !isNumber(fields, content.size)) {
    throw new KhoError('usage', `structure ${name}: index and size of its content must be u64`)
  }
}

function known(structs: ReadonlyMap<string, CompiledStruct>, name: string): CompiledStruct {
  const found = structs.get(name)
  if (found === undefined) {
    throw new KhoError('usage', `the layout has no structure ${JSON.stringify(name)}`)
  }
  return found
}
