import { type BitSpec, cName, type Field, type ScalarType } from '../../formats/layout/index.js'
import { idOf, type NamedRecord, partsOf } from './records.js'

const TYPES: Partial<Record<ScalarType, string>> = { u64: 'u8', addr: 'u8', u32: 'u4', u16: 'u2', u8: 'u1' }

/** The structures as a Kaitai Struct description: a type each, for use by a description of what lies around them. */
export function kaitaiDescription(records: readonly NamedRecord[]): string {
  const lines = [
    'meta:',
    '  id: kho',
    '  title: Records of Linux Kexec HandOver and of what is handed over',
    '  license: MIT',
    '  endian: le',
    '  bit-endian: le',
    'types:',
  ]
  for (const { id, struct } of records) {
    lines.push(`  ${id}:`, `    doc: ${quote(`struct ${struct.name}, since ${struct.since}`)}`)
    lines.push(`    doc-ref: ${quote(struct.source)}`, '    seq:')
    let gaps = 0
    for (const part of partsOf(struct)) {
      if (typeof part === 'number') lines.push(`      - id: gap${gaps++}`, `        size: ${part}`)
      else lines.push(...field(part))
    }
    const wide = struct.fields.flatMap(({ bits }) => bits?.filter(isWide) ?? [])
    if (wide.length > 0) lines.push('    instances:', ...wide.flatMap(joined))
  }
  return `${lines.join('\n')}\n`
}

/** Kaitai's JavaScript reads no more than 32 bits in one go. */
const isWide = ({ width }: BitSpec) => width > 32

function field({ name, type, size, doc, bits }: Field): string[] {
  if (bits !== undefined) return bits.flatMap(bit => (isWide(bit) ? halves(bit) : bitField(bit)))
  const lines = [`      - id: ${cName(name)}`]
  if (typeof type === 'object') lines.push(`        type: ${idOf(type)}`)
  else if (type === 'chars')
    lines.push(`        size: ${size}`, '        type: strz', '        encoding: ISO-8859-1')
  else if (type === 'bytes') lines.push(`        size: ${size}`)
  else lines.push(`        type: ${TYPES[type]}`)
  return [...lines, `        doc: ${quote(doc)}`]
}

function bitField({ name, width, doc }: Pick<BitSpec, 'name' | 'width' | 'doc'>): string[] {
  return [`      - id: ${cName(name)}`, `        type: b${width}`, `        doc: ${quote(doc)}`]
}

function halves({ name, width, doc }: BitSpec): string[] {
  const low = bitField({ name: `${name}Low`, width: 32, doc: `lower part of: ${doc}` })
  return [...low, ...bitField({ name: `${name}High`, width: width - 32, doc: `upper part of: ${doc}` })]
}

function joined({ name }: BitSpec): string[] {
  const id = cName(name)
  return [`      ${id}:`, `        value: ${id}_low + ${id}_high * 0x100000000`]
}

/** A YAML string in double quotes is a JSON string. */
function quote(text: string): string {
  return JSON.stringify(text)
}
