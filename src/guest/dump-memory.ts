import { chmodSync, rmSync } from 'node:fs'
import { KhoError } from '../../formats/error.js'
import type { Qmp } from './qmp.js'

/** Formats that QEMU dumps memory in. */
export type DumpFormat = 'elf' | 'kdump-zlib' | 'kdump-raw-zlib'

/**
 * Writes all memory of a guest to a file. The guest is stopped for it, and left as it was.
 *
 * @param path absolute
 * @throws KhoError `missing` where QEMU cannot write it.
 */
export async function dumpMemory(qmp: Qmp, path: string, format: DumpFormat = 'elf'): Promise<void> {
  // QEMU makes a file that may only be read, and does not write to one that is there.
  rmSync(path, { force: true })
  const result = await qmp.execute('dump-guest-memory', {
    paging: false,
    protocol: `file:${path}`,
    ...(format === 'elf' ? {} : { format }),
  })
  if (!result.ok) throw new KhoError('missing', `QEMU cannot dump memory: ${result.message}`, { path })
  chmodSync(path, 0o666 & ~process.umask())
}
