import type { PageAllocator } from '../blobs/allocator.js'
import { storeVmalloc } from '../blobs/vmalloc-encode.js'
import { KhoError } from '../error.js'
import { KHO_BLOCK_HEADER, KHO_VMALLOC } from '../layout/index.js'
import type { Geometry } from '../memory/geometry.js'
import type { Compiled, CompiledStruct, Link } from './compile.js'

/**
 * A structure's value to be written: fields by name. A field that leads somewhere has what it leads to: a structure, a
 * list of them, or for memory the number of pages; where it is left out, it leads nowhere. Other fields that are left
 * out are zero, or the first value that their reader takes.
 */
export type DescribedValue = { readonly [field: string]: unknown }

/**
 * Writes a structure and all that it leads to.
 *
 * @returns its physical address; it begins a page of its own
 * @throws KhoError `usage` for a value that does not fit
 */
export function encodeDescribed(
  allocator: PageAllocator,
  geometry: Geometry,
  all: Compiled,
  name: string,
  value: DescribedValue,
): number {
  const compiled = all.structs.get(name)
  if (compiled === undefined)
    throw new KhoError('usage', `the layout has no structure ${JSON.stringify(name)}`)
  const bytes = join([
    bytesOf(allocator, geometry, all, compiled, value),
    ...tailOf(allocator, geometry, all, compiled, value),
  ])
  const page = allocator.allocate(Math.ceil(bytes.length / geometry.pageSize))
  page.bytes.set(bytes)
  return page.address
}

/** Entries that follow a structure. Only what has a place of its own can have some. */
function tailOf(
  allocator: PageAllocator,
  geometry: Geometry,
  all: Compiled,
  compiled: CompiledStruct,
  value: DescribedValue,
): Uint8Array[] {
  return compiled.links.flatMap(({ to, field }) => {
    if (to.kind !== 'tail') return []
    const inner = all.structs.get(to.struct)!
    return listOf(value[field.name]).map(entry => bytesOf(allocator, geometry, all, inner, entry))
  })
}

function listOf(given: unknown): readonly DescribedValue[] {
  return (Array.isArray(given) ? given : given === undefined ? [] : [given]) as DescribedValue[]
}

function bytesOf(
  allocator: PageAllocator,
  geometry: Geometry,
  all: Compiled,
  compiled: CompiledStruct,
  value: DescribedValue,
): Uint8Array {
  const plain: Record<string, unknown> = {}
  for (const field of compiled.fields) {
    const given = value[field.name]
    const link = compiled.links.find(({ path }) => path.length === 1 && path[0] === field.name)
    if (link !== undefined && link.to.kind !== 'folio') {
      plain[field.name] = leadTo(allocator, geometry, all, link, given)
    } else if (typeof field.type === 'object' && field.type.struct !== KHO_VMALLOC.name) {
      const inner = all.structs.get(field.type.struct)!
      const nested = bytesOf(allocator, geometry, all, inner, (given ?? {}) as DescribedValue)
      plain[field.name] = inner.struct.read(nested)
    } else {
      plain[field.name] = given ?? blank(compiled, field.name)
    }
  }
  return compiled.struct.encode(plain)
}

function blank(compiled: CompiledStruct, name: string): unknown {
  const field = compiled.fields.find(candidate => candidate.name === name)!
  const first = field.is?.[0] ?? 0n
  switch (field.type) {
    case 'u64':
      return first
    case 'chars':
      return ''
    case 'bytes':
      return new Uint8Array(field.length ?? 0)
    default:
      return typeof field.type === 'object' ? { first: 0, totalPages: 0, flags: 0, order: 0 } : Number(first)
  }
}

function leadTo(
  allocator: PageAllocator,
  geometry: Geometry,
  all: Compiled,
  { to, field }: Link,
  given: unknown,
): unknown {
  const list = listOf(given)
  const inner = 'struct' in to ? all.structs.get(to.struct)! : null
  const encoded = () => list.map(value => bytesOf(allocator, geometry, all, inner!, value))
  switch (to.kind) {
    case 'tail':
      return field.type === 'u64' ? BigInt(list.length) : list.length
    case 'struct':
      return list.length === 0 ? 0 : encodeDescribed(allocator, geometry, all, to.struct, list[0]!)
    case 'vmalloc': {
      if (list.length === 0) return { first: 0, totalPages: 0, flags: 0, order: 0 }
      return storeVmalloc(allocator, geometry, join(encoded()))
    }
    case 'blocks':
      return writeChain(allocator, geometry, encoded(), geometry.pageSize)
    case 'chain':
      return writeChain(allocator, geometry, encoded(), null)
    default: {
      if (given === undefined || given === 0) return 0
      if (typeof given !== 'number' || !Number.isInteger(given) || given < 1) {
        throw new KhoError('usage', `${field.name} leads to memory: give a number of pages`)
      }
      return allocator.allocate(given).address
    }
  }
}

/** Parts of one page each, or one part that has all. */
function writeChain(
  allocator: PageAllocator,
  geometry: Geometry,
  entries: readonly Uint8Array[],
  partBytes: number | null,
): number {
  if (entries.length === 0) return 0
  const size = entries[0]!.length
  const header = KHO_BLOCK_HEADER.size
  const room = partBytes === null ? entries.length : Math.floor((partBytes - header) / size)
  if (room === 0) throw new KhoError('usage', `an entry of ${size} bytes has no room in a block`)
  const pages = Math.ceil((header + room * size) / geometry.pageSize)
  const parts = Array.from({ length: Math.ceil(entries.length / room) }, () => allocator.allocate(pages))
  parts.forEach((part, n) => {
    const mine = entries.slice(n * room, (n + 1) * room)
    const next = parts[n + 1]?.address ?? 0
    KHO_BLOCK_HEADER.write(part.bytes, 0, { next, count: BigInt(mine.length) })
    mine.forEach((bytes, at) => {
      part.bytes.set(bytes, header + at * size)
    })
  })
  return parts[0]!.address
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
