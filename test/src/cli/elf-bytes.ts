import { readFileSync } from 'node:fs'

/** Bytes at a physical address of an ELF core, in hex, read without any code of ours. */
export function readElfBytes(path: string, phys: number, length: number): string {
  const file = readFileSync(path)
  const table = Number(file.readBigUInt64LE(32))
  for (let n = 0; n < file.readUInt16LE(56); n++) {
    const entry = table + n * 56
    const offset = Number(file.readBigUInt64LE(entry + 8))
    const start = Number(file.readBigUInt64LE(entry + 24))
    const size = Number(file.readBigUInt64LE(entry + 32))
    if (file.readUInt32LE(entry) !== 1 || phys < start || phys + length > start + size) continue
    return file.subarray(offset + phys - start, offset + phys - start + length).toString('hex')
  }
  throw new Error(`${phys.toString(16)} is in no segment`)
}
