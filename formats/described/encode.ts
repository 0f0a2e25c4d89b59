import type { PageAllocator } from '../blobs/allocator.js'
import { storeVmalloc } from '../blobs/vmalloc-encode.js'
import { KhoError } from '../error.js'
import { KHO_BLOCK_HEADER, KHO_VMALLOC } from '../layout/index.js'
import type { Geometry } from '../memory/geometry.js'
import { joinBytes } from '../memory/join-bytes.js'
import type { CompiledStruct, Link, Nested } from './compile.js'
import type { DescribedField } from './description.js'
import { bytesValue, composeBits, integerOf, plainNumber, shown } from './encode-value.js'
import { writeTables } from './tables.js'

/**
 * A structure's value to be written: fields by name. A field that leads somewhere has what it leads to: a structure, a
 * list of them, for memory `{ pages, contents }` or the number of pages, for tables a list of the tables below, each
 * again such a list; a long list of plain entries may be bytes already. Where it is left out, it leads nowhere. Other fields that are left out are zero, the first value
 * that their reader takes, or the length of the list that they count.
 */
export type DescribedValue = { readonly [field: string]: unknown }

/** What a writer needs. */
export interface DescribedWriter {
  allocator: PageAllocator
  geometry: Geometry
  /** Puts contents into memory that is no structure; where left out, all memory is zero. */
  fill?(bytes: Uint8Array, contents: unknown): void
}

/** What was written: where, and how long it is with all that follows it. */
export interface Written {
  address: number
  size: number
}

/**
 * Writes a structure and all that it leads to.
 *
 * @returns where; it begins a page of its own
 * @throws KhoError `usage` for a value that does not fit
 */
export function encodeDescribed(
  writer: DescribedWriter,
  compiled: CompiledStruct,
  value: DescribedValue,
): Written {
  const bytes = joinBytes([bytesOf(writer, compiled, value), ...tailOf(writer, compiled, value)])
  const page = writer.allocator.allocate(pagesFor(writer, bytes.length))
  page.bytes.set(bytes)
  return { address: page.address, size: bytes.length }
}

/** Preserved as one folio, so a power of two. */
function pagesFor({ geometry }: DescribedWriter, bytes: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, Math.ceil(bytes / geometry.pageSize))))
}

/** Entries that follow a structure. Only what has a place of its own can have some. */
function tailOf(writer: DescribedWriter, compiled: CompiledStruct, value: DescribedValue): Uint8Array[] {
  return compiled.links.flatMap(({ to, field, target: inner }) => {
    if (to.kind !== 'tail' || inner === null) return []
    return listOf(value[field.name]).map(entry => bytesOf(writer, inner, entry))
  })
}

function listOf(given: unknown): readonly DescribedValue[] {
  const list = Array.isArray(given) ? given : given === undefined ? [] : [given]
  for (const value of list) {
    if (typeof value !== 'object' || value === null) {
      throw new KhoError('usage', `${shown(value)} is no structure: write its fields by name`)
    }
  }
  return list as DescribedValue[]
}

function bytesOf(writer: DescribedWriter, compiled: CompiledStruct, value: DescribedValue): Uint8Array {
  checkFields(compiled, value)
  const plain: Record<string, unknown> = {}
  for (const field of compiled.fields) plain[field.name] = fieldOf(writer, compiled, field, value)
  return compiled.struct.encode(plain)
}

function checkFields({ name, fields }: CompiledStruct, value: DescribedValue): void {
  const odd = Object.keys(value).find(given => !fields.some(field => field.name === given))
  if (odd === undefined) return
  const known = fields.map(field => field.name).join(', ')
  throw new KhoError('usage', `struct ${name} has no field ${JSON.stringify(odd)}; it has ${known}`)
}

function fieldOf(
  writer: DescribedWriter,
  compiled: CompiledStruct,
  field: DescribedField,
  value: DescribedValue,
): unknown {
  const given = value[field.name]
  const link = compiled.links.find(candidate => candidate.field === field)
  if (link !== undefined) return leadTo(writer, link, given)
  const nested = compiled.nested.find(candidate => candidate.field === field)
  if (nested !== undefined) return nestedOf(writer, nested, given)
  if (typeof field.type === 'object') return { first: 0, totalPages: 0, flags: 0, order: 0 }
  if (field.type === 'chars' || field.type === 'bytes') return bytesValue(field, given)
  return plainNumber(field, given ?? blank(compiled, field, value))
}

function nestedOf(writer: DescribedWriter, { compiled }: Nested, given: unknown): unknown {
  return compiled.struct.read(bytesOf(writer, compiled, listOf(given)[0] ?? {}))
}

/** What a field is where nobody says. */
function blank({ links }: CompiledStruct, { name, is }: DescribedField, value: DescribedValue): bigint {
  const list = links.find(({ to }) => to.kind === 'vmalloc' && to.count === name)
  if (list !== undefined) return BigInt(listOf(value[list.field.name]).length)
  return is?.[0] ?? 0n
}

function leadTo(writer: DescribedWriter, { to, field, target: inner }: Link, given: unknown): unknown {
  const { allocator, geometry } = writer
  if (to.kind === 'folio') return plainNumber(field, folioWord(writer, field, to.bits, given))
  if (to.kind === 'pages') return given === undefined ? 0 : memoryOf(writer, given)
  if (to.kind === 'tables') return given === undefined ? 0 : writeTables(allocator, given)
  if (to.kind === 'vmalloc' && given instanceof Uint8Array) return storeVmalloc(allocator, geometry, given)
  const list = listOf(given)
  const encoded = () => list.map(value => bytesOf(writer, inner!, value))
  switch (to.kind) {
    case 'tail':
      return plainNumber(field, BigInt(list.length))
    case 'struct':
      return list.length === 0 ? 0 : encodeDescribed(writer, inner!, list[0]!).address
    case 'vmalloc':
      if (list.length === 0) return KHO_VMALLOC.read(new Uint8Array(KHO_VMALLOC.size))
      return storeVmalloc(allocator, geometry, joinBytes(encoded()))
    case 'blocks':
      return writeChain(writer, encoded(), geometry.pageSize)
    case 'chain':
      return writeChain(writer, encoded(), null)
  }
}

/** A folio's word: as it is, or with memory of its own and the other bits by name. */
function folioWord(writer: DescribedWriter, field: DescribedField, pfn: string, given: unknown): bigint {
  if (typeof given !== 'object' || given === null) return integerOf(field, given ?? 0)
  const { pages = 1, contents, ...bits } = given as DescribedValue
  const address = memoryOf(writer, { pages, contents })
  return composeBits(field, { ...bits, [pfn]: address / writer.geometry.pageSize })
}

/** Memory that is no structure. */
function memoryOf({ allocator, fill }: DescribedWriter, given: unknown): number {
  const asked = typeof given === 'object' && given !== null ? (given as DescribedValue) : { pages: given }
  const { pages = 1, contents } = asked
  if (
    typeof pages !== 'number' ||
    !Number.isInteger(pages) ||
    pages < 1 ||
    !Number.isInteger(Math.log2(pages))
  ) {
    throw new KhoError('usage', 'memory is a number of pages that is a power of two, or { pages, contents }')
  }
  const { address, bytes } = allocator.allocate(pages)
  if (contents !== undefined) fill?.(bytes, contents)
  return address
}

/** Parts of one page each, or one part that has all. */
function writeChain(
  writer: DescribedWriter,
  entries: readonly Uint8Array[],
  partBytes: number | null,
): number {
  if (entries.length === 0) return 0
  const { allocator } = writer
  const size = entries[0]!.length
  const header = KHO_BLOCK_HEADER.size
  const room = partBytes === null ? entries.length : Math.floor((partBytes - header) / size)
  if (room === 0) throw new KhoError('usage', `an entry of ${size} bytes has no room in a block`)
  const pages = pagesFor(writer, header + room * size)
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
