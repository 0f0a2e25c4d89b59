import { KhoError } from '../error.js'
import type { ByteSource } from '../memory/byte-source.js'
import { fault } from '../memory/fault.js'
import type { Dump } from './dump.js'
import { type FlattenedSource, isFlattened, openFlattened, withFileOffsets } from './flattened.js'
import type { Codecs } from './kdump-pages.js'

/**
 * Opens dumps of which any file may be flattened: a kdump (`makedumpfile -F`, QEMU), in one file or a set, or an ELF
 * core (`makedumpfile -E -F`).
 *
 * @throws KhoError `unknown-format` where a flattened file holds neither; what the reader of its contents throws.
 */
export async function openFlattenedDump(sources: readonly ByteSource[], codecs: Codecs): Promise<Dump> {
  const flattened = sources.map(source => (isFlattened(source) ? openFlattened(source) : null))
  const opened = sources.map((source, i) => flattened[i] ?? source)
  const dump = await openInner(opened, codecs)
  const faults = [...dump.faults]
  if (flattened.some(source => source?.complete === false)) {
    const message = 'a flattened file has no end mark: it is cut short'
    faults.push(fault('DUMP-TRUNCATED', message, null, null, 'truncated'))
  }
  const first: FlattenedSource | null | undefined = flattened[0]
  return { ...dump, memory: first ? withFileOffsets(dump.memory, first) : dump.memory, faults }
}

async function openInner(sources: readonly ByteSource[], codecs: Codecs): Promise<Dump> {
  const head = String.fromCharCode(...sources[0]!.read(0, 8))
  if (head === 'KDUMP   ' || head === 'DISKDUMP') {
    const { openKdump } = await import('./kdump.js')
    return openKdump(sources, codecs)
  }
  if (head.startsWith('\x7fELF')) {
    if (sources.length > 1) throw new KhoError('usage', 'this is an ELF file: it has no further parts')
    const { openElf } = await import('./elf.js')
    return openElf(sources[0]!)
  }
  throw new KhoError('unknown-format', 'the flattened file holds neither a kdump nor an ELF core', {
    offset: 4096,
  })
}
