import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readSymbols } from '../../../src/guest/symbols.js'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-test-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const file = (name: string, content: string | Uint8Array) => {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

/** An ELF file with a symbol table as section 1, and its strings as section 2. */
function vmlinux(symbols: Record<string, bigint>): Buffer {
  const names = Object.keys(symbols)
  const strings = Buffer.from(`\0${names.join('\0')}\0`)
  const table = Buffer.alloc(24 * (names.length + 1))
  names.forEach((name, n) => {
    table.writeUInt32LE(strings.indexOf(`\0${name}\0`) + 1, 24 * (n + 1))
    table.writeBigUInt64LE(symbols[name]!, 24 * (n + 1) + 8)
  })
  const elf = Buffer.alloc(64 + 3 * 64)
  elf.writeUInt32BE(0x7f454c46, 0)
  elf.writeBigUInt64LE(64n, 40)
  elf.writeUInt16LE(3, 60)
  const section = (n: number, type: number, offset: number, size: number, link: number) => {
    elf.writeUInt32LE(type, 64 + n * 64 + 4)
    elf.writeBigUInt64LE(BigInt(offset), 64 + n * 64 + 24)
    elf.writeBigUInt64LE(BigInt(size), 64 + n * 64 + 32)
    elf.writeUInt32LE(link, 64 + n * 64 + 40)
  }
  section(1, 2, elf.length, table.length, 2)
  section(2, 3, elf.length + table.length, strings.length, 0)
  return Buffer.concat([elf, table, strings])
}

describe('readSymbols', () => {
  const names = ['machine_kexec', 'kho_memory_init']
  const addresses = { machine_kexec: 0xffffffff8103b100n, kho_memory_init: 0xffffffff8197ed69n }

  it('reads a System.map, and only what is asked for', () => {
    const path = file(
      'System.map',
      'ffffffff81000000 T _text\nffffffff8103b100 T machine_kexec\nffffffff8197ed69 T kho_memory_init\n',
    )
    expect(Object.fromEntries(readSymbols(path, names))).toEqual(addresses)
  })

  it('reads the symbol table of a vmlinux', () => {
    const path = file('vmlinux', vmlinux({ _text: 0xffffffff81000000n, ...addresses }))
    expect(Object.fromEntries(readSymbols(path, names))).toEqual(addresses)
  })

  it('refuses files that have none of them', () => {
    expect(() => readSymbols(file('System.map', 'nothing\n'), names)).toThrow(/no System.map or vmlinux/)
    expect(() => readSymbols(file('vmlinux', vmlinux({}).subarray(0, 200)), names)).toThrow(/no System.map/)
    expect(() => readSymbols(join(folder, 'nowhere'), names)).toThrow(/cannot read/)
  })
})
