import { readFileSync } from 'node:fs'
import { KhoError } from '../../formats/error.js'
import type { Agent } from './agent.js'

/** Addresses of kernel functions by name, as linked: what they are in a kernel that was booted with `nokaslr`. */
export type Symbols = ReadonlyMap<string, bigint>

/**
 * Reads a System.map, or the symbol table of a vmlinux.
 *
 * @throws KhoError `unreadable` or `unknown-format` where the file has none.
 */
export function readSymbols(path: string, names: readonly string[]): Symbols {
  const bytes = readBytes(path)
  const isElf = bytes.length > 64 && bytes.readUInt32BE(0) === 0x7f454c46
  const symbols = isElf ? fromElf(bytes, names) : parseSystemMap(bytes.toString('latin1'), names)
  if (symbols.size === 0) {
    throw new KhoError('unknown-format', `${path} is no System.map or vmlinux with ${names.join(', ')}`, {
      path,
    })
  }
  return symbols
}

/** Lines `ffffffff81000000 T _text`, as in System.map and /proc/kallsyms. */
function parseSystemMap(text: string, names: readonly string[]): Symbols {
  const wanted = new Set(names)
  const symbols = new Map<string, bigint>()
  for (const [, address, name] of text.matchAll(/^([0-9a-f]{8,16}) \w (\S+)$/gm)) {
    if (wanted.has(name!) && !symbols.has(name!)) symbols.set(name!, BigInt(`0x${address}`))
  }
  return symbols
}

const SHT_SYMTAB = 2
const SECTION_BYTES = 64
const SYMBOL_BYTES = 24

/** Elf64_Sym entries of the first SHT_SYMTAB section; whatever does not lie in the file is left out. */
function fromElf(bytes: Buffer, names: readonly string[]): Symbols {
  const wanted = new Set(names)
  const symbols = new Map<string, bigint>()
  const sections = sectionsOf(bytes)
  const table = sections.find(section => section.type === SHT_SYMTAB)
  const strings = table === undefined ? undefined : sections[table.link]
  if (table === undefined || strings === undefined) return symbols
  const end = Math.min(table.offset + table.size, bytes.length) - SYMBOL_BYTES
  for (let at = table.offset; at <= end; at += SYMBOL_BYTES) {
    const start = strings.offset + bytes.readUInt32LE(at)
    const stop = start < bytes.length ? bytes.indexOf(0, start) : -1
    if (stop < 0) continue
    const name = bytes.toString('latin1', start, Math.min(stop, start + 256))
    if (wanted.has(name) && !symbols.has(name)) symbols.set(name, bytes.readBigUInt64LE(at + 8))
  }
  return symbols
}

/** Addresses as a guest's kernel has them; none where it has no kallsyms. */
export async function symbolsOf(agent: Agent, names: readonly string[]): Promise<Symbols> {
  const reply = await agent.request('symbols', ...names)
  if (!reply.ok) return new Map()
  const found = reply.values.map(({ name, address }): [string, bigint] => [
    String(name),
    BigInt(String(address)),
  ])
  return new Map(found.filter(([, address]) => address !== 0n))
}

interface Section {
  type: number
  offset: number
  size: number
  link: number
}

function sectionsOf(bytes: Buffer): Section[] {
  const table = Number(bytes.readBigUInt64LE(40))
  const count = bytes.readUInt16LE(60)
  const sections: Section[] = []
  for (let i = 0; i < count && table + (i + 1) * SECTION_BYTES <= bytes.length; i++) {
    const at = table + i * SECTION_BYTES
    sections.push({
      type: bytes.readUInt32LE(at + 4),
      offset: Number(bytes.readBigUInt64LE(at + 24)),
      size: Number(bytes.readBigUInt64LE(at + 32)),
      link: bytes.readUInt32LE(at + 40),
    })
  }
  return sections
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new KhoError(
      'unreadable',
      `cannot read ${path}: ${error instanceof Error ? error.message : error}`,
      {
        path,
      },
    )
  }
}
