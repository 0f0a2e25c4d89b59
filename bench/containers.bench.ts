import { execFileSync } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { bench, describe } from 'vitest'
import { writeElf } from '../formats/dumps/elf-writer.js'
import { findRoots } from '../src/image/find-roots.js'
import type { KhoImage } from '../src/image/open.js'
import { openImage } from '../src/node/open.js'
import { KHO } from '../test/built.js'
import { generator } from '../test/fuzz/mutate.js'
import { material } from '../test/material.js'
import { benchFolder, installedDrgn, run } from './peers.js'

/*
 * A scan of every container for roots, and reads of single pages, beside `cat FILE >/dev/null` from the page cache in
 * the same run. Noise has no root in it, so a scan looks at all of it.
 */
const SIZE = 2 ** 30
const folder = benchFolder()
const drgn = installedDrgn()

const raw = join(folder, 'noise.raw')
const elf = join(folder, 'noise.elf')
const noise = randomFillSync(new Uint8Array(SIZE))
writeFileSync(raw, noise)
const fd = openSync(elf, 'w')
writeElf([{ phys: 0x100000, content: noise }], {}, (bytes, offset) => {
  writeSync(fd, bytes, 0, bytes.length, offset)
})
closeSync(fd)

/** What a page is that the dump lacks, drgn says by an exception. */
const HEADS = `found = 0
for page in range(0, 2 ** 29, 4096):
    try:
        found += prog.read(page, 4, True) == b'\\xd0\\x0d\\xfe\\xed'
    except Exception:
        pass
print(found)
`

const captures = material('KHO_TEST_CAPTURES')
const files: [string, string][] = [
  ['raw, 1 GiB', raw],
  ['ELF, 1 GiB', elf],
]
if (captures !== null) {
  files.push(['kdump zlib flattened, 256 MiB guest', join(captures, 'containers/qemu.kdump-zlib.flat')])
  files.push(['kdump lzo filtered, 512 MiB guest', join(captures, 'containers/makedumpfile.lzo-d31')])
}

const images = new Map<string, KhoImage>()
for (const [, file] of files) images.set(file, await openImage(file))

const OPTIONS = { iterations: 5, warmupIterations: 1, time: 0, warmupTime: 0 }

describe.each(files)('%s', (_, file) => {
  const image = images.get(file)!
  bench('cat FILE >/dev/null', () => run('cat', file), OPTIONS)
  bench('scan for roots by one thread', () => void findRoots(image.memory), OPTIONS)
  const { search } = image
  if (search !== undefined) {
    bench(
      `scan for roots by ${availableParallelism()}, where that is worth it`,
      () => void findRoots(image.memory, undefined, search.run),
      OPTIONS,
    )
  }
  bench(
    '10,000 random pages',
    () => {
      const random = generator(1)
      const { ranges } = image.memory
      for (let i = 0; i < 10_000; i++) {
        const range = ranges[Math.floor(random() * ranges.length)]!
        const pages = Math.floor((range.end - range.start) / 4096)
        image.memory.read(range.start + Math.floor(random() * pages) * 4096, 4096)
      }
    },
    OPTIONS,
  )
})

if (captures !== null && drgn !== null) {
  const filtered = join(captures, 'containers/makedumpfile.lzo-d31')
  const script = join(folder, 'heads.py')
  writeFileSync(script, HEADS)
  describe('kdump lzo filtered, as processes', () => {
    bench('drgn looks at the beginning of each page', () => run(drgn, '-q', '-c', filtered, script), OPTIONS)
    bench('kho pages', () => run(process.execPath, KHO, 'pages', filtered), OPTIONS)
  })
}

if (captures !== null) {
  const zst = join(captures, 'containers/qemu.elf.zst')
  describe('ELF in zstd, 256 MiB guest', () => {
    bench(
      'zstd -dc FILE >/dev/null',
      () => void execFileSync('sh', ['-c', `zstd -dc '${zst}' >/dev/null`]),
      OPTIONS,
    )
    bench('open and scan for roots', async () => void findRoots((await openImage(zst)).memory), OPTIONS)
  })
}
