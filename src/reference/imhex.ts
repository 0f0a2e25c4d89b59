import { cName, type Field, type ScalarType } from '../../formats/layout/index.js'
import { idOf, type NamedRecord, partsOf } from './records.js'

const TYPES: Partial<Record<ScalarType, string>> = {
  u64: 'u64',
  addr: 'u64',
  u32: 'u32',
  u16: 'u16',
  u8: 'u8',
}

/** The structures in ImHex's pattern language, those that others are made of first. */
export function imhexPatterns(records: readonly NamedRecord[]): string {
  const lines = [
    '#pragma description Records of Linux Kexec HandOver and of what is handed over',
    '#pragma endian little',
  ]
  for (const record of insideFirst(records)) lines.push('', ...structure(record))
  return `${lines.join('\n')}\n`
}

function insideFirst(records: readonly NamedRecord[]): NamedRecord[] {
  const told = new Set<NamedRecord>()
  const tell = (record: NamedRecord) => {
    for (const { type } of record.struct.fields) {
      const inner = records.find(({ struct }) => struct === type)
      if (inner !== undefined) tell(inner)
    }
    told.add(record)
  }
  for (const record of records) tell(record)
  return [...told]
}

function structure({ id, struct }: NamedRecord): string[] {
  const bitfields: string[] = []
  const members: string[] = []
  for (const part of partsOf(struct)) {
    if (typeof part === 'number') {
      members.push(`  padding[${part}];`)
      continue
    }
    const { bits, name, doc } = part
    if (bits === undefined) members.push(`  ${member(part)}; // ${doc}`)
    else {
      const type = `${id}_${cName(name)}`
      const parts = bits.map(bit => `  ${cName(bit.name)} : ${bit.width}; // ${bit.doc}`)
      bitfields.push(`bitfield ${type} {`, ...parts, '};')
      members.push(`  ${type} ${cName(name)}; // ${doc}`)
    }
  }
  const source = `// struct ${struct.name}, since ${struct.since}; ${struct.source}`
  return [source, ...bitfields, `struct ${id} {`, ...members, '};']
}

function member({ name, type, size }: Field): string {
  if (typeof type === 'object') return `${idOf(type)} ${cName(name)}`
  if (type === 'chars') return `char ${cName(name)}[${size}]`
  if (type === 'bytes') return `u8 ${cName(name)}[${size}]`
  return `${TYPES[type]} ${cName(name)}`
}
