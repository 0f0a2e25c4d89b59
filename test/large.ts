import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { openElf } from '../formats/dumps/elf.js'
import { openFileSource } from '../src/node/file-source.js'
import { ROOT } from './built.js'

const IMAGE = join(ROOT, 'fixtures/linux-7.2.reserve-only-256m.s1-kexec.elf')

/** So much that more than one thread looks through it. */
const SIZE = 260 * 2 ** 20
const PIECE = 2 ** 22

/** Writes the memory of a guest of 256 MiB as a raw file without holes. */
export function writeLarge(path: string): void {
  const source = openFileSource(IMAGE)
  const fd = openSync(path, 'w')
  for (let at = 0; at < SIZE; at += PIECE) writeSync(fd, new Uint8Array(PIECE))
  for (const { phys, bytes } of openElf(source).memory.blocks()) {
    if (phys + bytes.length <= SIZE) writeSync(fd, bytes, 0, bytes.length, phys)
  }
  closeSync(fd)
  source.close()
}
