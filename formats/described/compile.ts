import { KhoError } from '../error.js'
import { defineStruct, KHO_VMALLOC, type Struct } from '../layout/index.js'
import type { DescribedField, DescribedStruct, Description, Target } from './description.js'

/** A description whose structures can be read and written. */
export interface Compiled {
  description: Description
  structs: ReadonlyMap<string, CompiledStruct>
}

/** One structure of it. */
export interface CompiledStruct {
  name: string
  struct: Struct
  fields: readonly DescribedField[]
  /** Its fields that lead somewhere, those of nested structures too, with where these begin. */
  links: readonly Link[]
}

/** A field that leads somewhere. */
export interface Link {
  /** Names from the outer structure in. */
  path: readonly string[]
  /** Bytes from the start of the outer structure. */
  offset: number
  field: DescribedField
  to: Target
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
  return { description, structs }
}

function compileStruct(
  name: string,
  table: DescribedStruct,
  description: Description,
  compile: (name: string) => CompiledStruct,
): CompiledStruct {
  const links: Link[] = []
  const fields = [...table.fields].sort((a, b) => a.offset - b.offset)
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
    const inner = compile(type.struct)
    for (const link of inner.links) {
      links.push({
        ...link,
        path: [field.name, ...link.path],
        offset: field.offset + link.offset,
        counter: link.counter && { ...link.counter, offset: field.offset + link.counter.offset },
      })
    }
    return { ...base, type: inner.struct }
  })
  const posted = description.posted
  const struct = defineStruct(name, {
    since: posted === null ? 'described by the user' : `posted ${posted.date}, not merged`,
    source: posted?.series ?? description.title,
    ...(table.size === null ? {} : { size: table.size }),
    fields: specs,
  })
  for (const field of fields) {
    if (field.to === null) continue
    const counter = counterOf(name, field.name, field.to, struct)
    links.push({ path: [field.name], offset: field.offset, field, to: field.to, counter })
  }
  return { name, struct, fields, links }
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
  for (const { name, links } of structs.values()) {
    for (const { field, to } of links) {
      if ('struct' in to) known(structs, to.struct)
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
    }
  }
}

function known(structs: ReadonlyMap<string, CompiledStruct>, name: string): void {
  if (!structs.has(name)) throw new KhoError('usage', `the layout has no structure ${JSON.stringify(name)}`)
}
