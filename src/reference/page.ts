import { cName, type Field, type ScalarType } from '../../formats/layout/index.js'
import { idOf, type NamedRecord } from './records.js'

const TYPES: Readonly<Record<ScalarType, string>> = {
  u64: 'u64',
  u32: 'u32',
  u16: 'u16',
  u8: 'u8',
  addr: 'u64, physical address',
  chars: 'chars',
  bytes: 'bytes',
}

/** The reference of the formats as Markdown: a table for each structure. */
export function formatsPage(records: readonly NamedRecord[]): string {
  const lines = [
    '# Formats',
    '',
    'Every structure that this project reads and writes, from the tables that its readers and writers come from. All numbers are little-endian; the words',
    "of a flattened device tree around them are not. `npm run docs` makes this page, [kho.ksy](formats/kho.ksy) for Kaitai Struct and [kho.hexpat](formats/kho.hexpat) for ImHex's",
    'pattern language.',
  ]
  for (const { id, struct } of records) {
    lines.push(
      '',
      `## ${id}`,
      '',
      `\`struct ${struct.name}\`, ${struct.size} bytes, since ${struct.since}; ${struct.source}`,
    )
    lines.push('', '| offset | size | field | type | meaning |', '| --- | --- | --- | --- | --- |')
    for (const field of struct.fields) lines.push(...rows(field, struct.since))
  }
  return `${lines.join('\n')}\n`
}

function rows(field: Field, since: string): string[] {
  const { name, type, offset, size, doc } = field
  const kind = typeof type === 'object' ? `[${idOf(type)}](#${idOf(type)})` : TYPES[type]
  const later = field.since === since ? '' : ` (since ${field.since})`
  const own = `| ${offset} | ${size} | \`${cName(name)}\` | ${kind} | ${cell(doc)}${later} |`
  const parts = (field.bits ?? []).map(
    bit =>
      `| | ${bit.shift}…${bit.shift + bit.width - 1} | \`${cName(bit.name)}\` | bits | ${cell(bit.doc)} |`,
  )
  return [own, ...parts]
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
