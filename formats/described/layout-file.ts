import type { ScalarType } from '../layout/field.js'
import type {
  ContentFields,
  DescribedField,
  DescribedStruct,
  Description,
  Posting,
  Show,
  Target,
} from './description.js'

/** A layout file as it is written: what is left out has a default. */
export interface LayoutFile {
  title?: string | undefined
  posted?: Posting | undefined
  handlers?: FileUses | undefined
  flbs?: FileUses | undefined
  children?: FileUses | undefined
  structs: Readonly<Record<string, FileStruct>>
}

/** One structure, or several of which the first that fits is taken. */
export type FileUses = Readonly<Record<string, string | readonly string[]>>

/** A structure as it is written. */
export interface FileStruct {
  size?: number | undefined
  doc?: string | undefined
  content?: ContentFields | undefined
  /** An FLB object that there must be in the state, too. */
  beside?: string | undefined
  fields: Readonly<Record<string, FileField>>
}

/** A field as it is written. */
export interface FileField {
  at: number
  /** `u8` to `u64`, `s8` to `s64`, `addr`, `chars[N]`, `bytes[N]`, `kho_vmalloc` or a structure of the file. */
  type: string
  doc?: string | undefined
  to?: FileTarget | undefined
  is?: readonly number[] | undefined
  /** Values that it never has. */
  not?: readonly number[] | undefined
  bits?: Readonly<Record<string, readonly [shift: number, width: number]>> | undefined
  show?: Show | undefined
}

/** Where a field leads, as it is written. */
export type FileTarget =
  | { struct: string }
  | { blocks: string }
  | { chain: string }
  | { vmalloc: string; count: string }
  | { tail: string }
  | { pages: number | 'block' }
  | { folio: string }
  | { tables: string | number }

/** What a file says, with its defaults. */
export function describe(file: LayoutFile): Description {
  return {
    title: file.title ?? 'structures that the user describes',
    posted: file.posted ?? null,
    handlers: usesOf(file.handlers),
    flbs: usesOf(file.flbs),
    children: usesOf(file.children),
    structs: mapValues(file.structs, structOf),
  }
}

function usesOf(uses: FileUses = {}): Description['handlers'] {
  return mapValues(uses, names => (typeof names === 'string' ? [names] : names))
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]))
}

function structOf({ size, doc, content, beside, fields }: FileStruct): DescribedStruct {
  return {
    size: size ?? null,
    doc: doc ?? '',
    content: content ?? null,
    beside: beside ?? null,
    fields: Object.entries(fields).map(([name, field]) => fieldOf(name, field)),
  }
}

function fieldOf(name: string, { at, type, doc, to, is, not, bits, show }: FileField): DescribedField {
  return {
    name,
    offset: at,
    ...typeOf(type),
    doc: doc ?? '',
    to: to === undefined ? null : targetOf(to),
    is: is?.map(BigInt) ?? null,
    not: (not ?? []).map(BigInt),
    bits: Object.entries(bits ?? {}).map(([bit, [shift, width]]) => ({ name: bit, shift, width })),
    show: show ?? 'auto',
  }
}

const SCALARS: Readonly<Record<string, ScalarType>> = {
  u8: 'u8',
  u16: 'u16',
  u32: 'u32',
  u64: 'u64',
  s8: 'u8',
  s16: 'u16',
  s32: 'u32',
  s64: 'u64',
  addr: 'addr',
}

function typeOf(text: string): Pick<DescribedField, 'type' | 'length' | 'signed'> {
  const sized = /^(chars|bytes)\[(\d+)\]$/.exec(text)
  if (sized !== null) {
    return { type: sized[1] as 'chars' | 'bytes', length: Number(sized[2]), signed: false }
  }
  if (!Object.hasOwn(SCALARS, text)) return { type: { struct: text }, length: null, signed: false }
  return { type: SCALARS[text]!, length: null, signed: text.startsWith('s') }
}

function targetOf(to: FileTarget): Target {
  if ('struct' in to) return { kind: 'struct', struct: to.struct }
  if ('blocks' in to) return { kind: 'blocks', struct: to.blocks }
  if ('chain' in to) return { kind: 'chain', struct: to.chain }
  if ('vmalloc' in to) return { kind: 'vmalloc', struct: to.vmalloc, count: to.count }
  if ('tail' in to) return { kind: 'tail', struct: to.tail }
  if ('pages' in to) return { kind: 'pages', pages: to.pages === 'block' ? null : to.pages }
  if ('folio' in to) return { kind: 'folio', bits: to.folio }
  return { kind: 'tables', levels: to.tables }
}
