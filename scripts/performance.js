// `npm run performance [IMAGE]`: what the command line costs beside the least that it could cost, each pair run in turn, and
// docs/performance.md written with it. Run `npm run build` first. By the clock, and in processor seconds as bash's `time` gives
// them, which other work on the machine disturbs less. Where there is such, `WITH='chrt -r 10'` before it (as root) runs what is
// measured as if there were none.
import { execFileSync, spawnSync } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { deflateSync } from 'node:zlib'
import { writeElf } from '../dist/formats/dumps/index.js'
import { abiOf } from '../dist/formats/kernels/index.js'
import { geometry } from '../dist/formats/memory/geometry.js'
import { createMemoryBuilder } from '../dist/formats/memory/memory-builder.js'
import { addBitmap, createPageSet, SPAN_BITS, SPAN_WORDS } from '../dist/formats/pages/page-set.js'
import { openFileSource } from '../dist/src/node/file-source.js'
import { openImage } from '../dist/src/node/open.js'
import { writeState } from '../dist/src/write/state-writer.js'

const RUNS = 5
const GIB = 2 ** 30

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const kho = `node ${join(root, 'bin/kho.js')}`
const small = join(root, process.argv[2] ?? 'fixtures/linux-7.2.reserve-only-256m.s1-kexec.elf')
const folder = mkdtempSync(join(tmpdir(), 'kho-performance-'))
const noise = join(folder, 'noise')
const elf = join(folder, 'noise.elf')
const pieces = join(folder, 'pieces')
const large = join(folder, 'large')
const kdump = join(folder, 'kdump')
/** What is put before each command that is measured. */
const { WITH = '' } = process.env
const half = join(folder, 'half.elf')
/** Peers that are not installed. */
const absent = []
const NOTHING = { ours: { wall: 0, cpu: 0 } }
/** As much as drgn has to find to take a file for a kernel's memory. */
const VMCOREINFO = `OSRELEASE=7.2.0
PAGESIZE=4096
SYMBOL(init_uts_ns)=ffffffff81b2a1c0
OFFSET(uts_namespace.name)=0
SYMBOL(swapper_pg_dir)=ffffffff81a2c000
SYMBOL(_stext)=ffffffff81000000
NUMBER(phys_base)=0
NUMBER(pgtable_l5_enabled)=0
KERNELOFFSET=0
`
const DRGN = `found = 0
for start in range(${GIB}, ${2 * GIB}, 2 ** 21):
    data = prog.read(start, 2 ** 21, True)
    for at in range(0, len(data), 4096):
        if data[at] == 0xd0 and data[at:at + 4] == b'\\xd0\\x0d\\xfe\\xed':
            found += 1
print(found)
`
/** Reads a file and counts its bits: the least that whoever wants to know how much is preserved has to do. */
const COUNT = `const { readFileSync } = require('node:fs')
const bytes = readFileSync('${half}')
const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2)
const count = words => {
  let total = 0
  for (let i = 0; i < words.length; i++) {
    let v = words[i] - ((words[i] >>> 1) & 0x55555555)
    v = (v & 0x33333333) + ((v >>> 2) & 0x33333333)
    total += Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
  }
  return total
}
console.log(count(words))`

try {
  const dump = await openImage(small)
  writeNoise(noise, GIB, 2 ** 24)
  writeNoise(pieces, GIB, 2 ** 12)
  writeNoise(large, 4 * GIB, 2 ** 24)
  writeNoiseElf(elf)
  writeKdump(kdump, dump.memory)
  const tracker = writeHalf(half)
  const count = join(folder, 'count.cjs')
  writeFileSync(count, COUNT)
  const start = name => compare(`kho ${name} IMAGE`, `${kho} ${name} ${small}`, 'node -e 0', 'node -e 0')
  const pages = start('pages')
  const one = 'taskset -c 0'
  const rows = [
    compare('kho --version', `${kho} --version`, 'node -e 0', 'node -e 0'),
    pages,
    ...['stat', 'validate', 'dump'].map(start),
    compare(
      'kho stat IMAGE, nothing kept',
      `env NODE_DISABLE_COMPILE_CACHE=1 ${kho} stat ${small}`,
      'node -e 0',
      'node -e 0',
    ),
    compare('kho pages NOISE', `${kho} pages ${noise}`, 'cat NOISE', `cat ${noise}`, pages),
    compare('kho pages PIECES', `${kho} pages ${pieces}`, 'cat PIECES', `cat ${pieces}`, pages),
    compare('kho pages LARGE', `${kho} pages ${large}`, 'cat LARGE', `cat ${large}`, pages),
    compare('kho pages NOISE.elf', `${kho} pages ${elf}`, 'cat NOISE.elf', `cat ${elf}`, pages),
    compare(
      'kho pages NOISE.elf',
      `${kho} pages ${elf}`,
      'the same on one processor',
      `${one} ${kho} pages ${elf}`,
      pages,
      pages,
    ),
    compare(
      'kho pages KDUMP',
      `${kho} pages ${kdump}`,
      'the same on one processor',
      `${one} ${kho} pages ${kdump}`,
      pages,
      pages,
    ),
    compare('kho dump HALF', `${kho} dump ${half}`, 'read HALF, count its bits in Node', `node ${count}`),
    ...compiledWalk(tracker),
    ...installedDrgn(),
  ]
  const written = join(root, 'docs/performance.md')
  writeFileSync(written, page(rows))
  execFileSync('npx', ['biome', 'check', '--write', written], { cwd: root, stdio: 'ignore' })
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** The kernel's walk of the same tree in C, with a call for each block, where there is a compiler. */
function compiledWalk(tracker) {
  const program = join(folder, 'walk')
  const { status } = spawnSync('gcc', ['-O2', '-o', program, join(root, 'bench/walk.c')])
  if (status !== 0) return missing('gcc')
  return [compare('kho dump HALF', `${kho} dump ${half}`, 'walk in C', `${program} ${half} ${tracker}`)]
}

/** A debugger that looks at the first bytes of each page of the same file. It takes no ELF without what a kernel says of itself. */
function installedDrgn() {
  if (spawnSync('drgn', ['--version']).status !== 0) return missing('drgn')
  const script = join(folder, 'heads.py')
  writeFileSync(script, DRGN)
  return [
    compare('kho pages NOISE.elf', `${kho} pages ${elf}`, 'drgn NOISE.elf', `drgn -q -c ${elf} ${script}`),
  ]
}

/** Peers that are not here are said to be. */
function missing(peer) {
  absent.push(peer)
  console.log(`no ${peer} here: nothing is compared with it`)
  return []
}

/** Medians of both, by the clock and in processor seconds; `less` is taken off what is ours, `theirLess` off the peer's. */
function compare(name, command, peerName, peer, less = NOTHING, theirLess = NOTHING) {
  const pairs = []
  for (let run = 0; run <= RUNS; run++) {
    const pair = [timed(command), timed(peer)]
    // The first one fills the caches.
    if (run > 0) pairs.push(pair)
  }
  const of = (which, key) => median(pairs.map(pair => pair[which][key]))
  const both = (which, { ours }) => ({
    wall: of(which, 'wall') - ours.wall,
    cpu: of(which, 'cpu') - ours.cpu,
  })
  const row = { name, peerName, ours: both(0, less), theirs: both(1, theirLess), less: less !== NOTHING }
  console.log(line(row))
  return row
}

/** Seconds of a command, whatever it says and however it ends: by the clock, and user and system seconds. */
function timed(command) {
  // Of a second, the kernel leaves a twentieth to those who are not run like that.
  if (WITH !== '') spawnSync('sleep', ['0.4'])
  const script = `TIMEFORMAT='%R %U %S'; time ${WITH} ${command} >/dev/null 2>&1`
  const { stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' })
  const [wall, user, system] = stderr.trim().split(/\s+/).map(Number)
  return { wall, cpu: user + system }
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
}

function line({ name, peerName, ours, theirs, less }) {
  const ms = value => `${Math.round(value * 1000)} ms`
  const what = less ? `\`${name}\`, less that of \`IMAGE\`` : `\`${name}\``
  const cells = [what, ms(ours.wall), ms(ours.cpu), `\`${peerName}\``, ms(theirs.wall), ms(theirs.cpu)]
  return `| ${cells.join(' | ')} | ${(ours.wall / theirs.wall).toFixed(2)} |`
}

/** The page cache keeps what is written in large pieces in large folios, which are read twice as fast. */
function writeNoise(path, size, pieceSize) {
  const file = openSync(path, 'w')
  const block = new Uint8Array(2 ** 24)
  for (let at = 0; at < size; at += block.length) {
    randomFillSync(block)
    for (let from = 0; from < block.length; from += pieceSize)
      writeSync(file, block, from, pieceSize, at + from)
  }
  closeSync(file)
}

/** The same bytes as memory of a kernel, which says of itself what drgn asks for. */
function writeNoiseElf(path) {
  const file = openSync(path, 'w')
  const content = openFileSource(noise)
  const notes = [{ name: 'VMCOREINFO', type: 0, desc: new TextEncoder().encode(VMCOREINFO) }]
  writeElf([{ phys: GIB, content }], { notes }, bytes => writeSync(file, bytes))
  content.close()
  closeSync(file)
}

/**
 * 1 GiB in makedumpfile's format (diskdump_mod.h of 1.7.9), compressed as `makedumpfile -c` does: the memory of a guest, and around
 * it pages of this Node's program.
 */
function writeKdump(path, memory) {
  const count = GIB / 4096
  const program = readFileSync(process.execPath)
  const pack = bytes => {
    const data = deflateSync(bytes, { level: 1 })
    return data.length < 4096 ? { data, flags: 1 } : { data: bytes, flags: 0 }
  }
  const filler = Array.from({ length: 8192 }, (_, n) => pack(program.subarray(n * 4096, n * 4096 + 4096)))
  const bitmap = Buffer.alloc(count / 8, 0xff)
  const head = Buffer.alloc(8192)
  head.write('KDUMP   ')
  head.write('x86_64', 272)
  for (const [at, value] of [
    [8, 6],
    [424, 1],
    [428, 4096],
    [432, 1],
    [436, (bitmap.length * 2) / 4096],
    [440, count],
    [460, 1],
    [4096 + 96, count],
  ])
    head.writeUInt32LE(value, at)
  const table = Buffer.alloc(count * 24)
  const start = head.length + bitmap.length * 2
  const file = openSync(path, 'w')
  let at = start + table.length
  for (let pfn = 0; pfn < count; pfn++) {
    const page = memory.read(pfn * 4096, 4096)
    const { data, flags } = page.ok ? pack(page.bytes) : filler[pfn % filler.length]
    table.writeBigUInt64LE(BigInt(at), pfn * 24)
    table.writeUInt32LE(data.length, pfn * 24 + 8)
    table.writeUInt32LE(flags, pfn * 24 + 12)
    writeSync(file, data, 0, data.length, at)
    at += data.length
  }
  let offset = 0
  for (const piece of [head, bitmap, bitmap, table]) offset += writeSync(file, piece, 0, piece.length, offset)
  closeSync(file)
}

/** 1 TiB of 4K pages of which a random half is preserved, in the radix tree of kho-v4. Gives its root's address. */
function writeHalf(path) {
  const pages = createPageSet(12)
  let state = 0x9e3779b9
  for (let first = 0; first < 2 ** 28; first += SPAN_BITS) {
    const words = new Uint32Array(SPAN_WORDS)
    for (let i = 0; i < SPAN_WORDS; i++) {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      words[i] = state
    }
    addBitmap(pages, 0, first, words)
  }
  const builder = createMemoryBuilder({ geometry: geometry(12), ram: [{ start: 2 ** 41, end: 2 ** 42 }] })
  const { tracker } = writeState(builder, { abi: abiOf('kho-v4'), pages, children: [] })
  const file = openSync(path, 'w')
  const segments = builder.segments().map(({ phys, bytes }) => ({ phys, content: bytes }))
  writeElf(segments, {}, bytes => writeSync(file, bytes))
  closeSync(file)
  return tracker.addresses[0]
}

function page(rows) {
  const [cpu] = cpus()
  const kernel = execFileSync('uname', ['-sr'], { encoding: 'utf8' }).trim()
  return `# What it costs

Written by \`npm run performance\`: medians of ${RUNS} pairs of runs in turn, by the clock and in user and system seconds of the whole process; the
ratio is that of the clock.${WITH === '' ? '' : ` Run with \`WITH='${WITH}'\`, because the machine had other work.`}
${availableParallelism()} × ${cpu.model.trim()}, ${Math.round(totalmem() / GIB)} GiB, ${kernel}, Node ${process.version}. IMAGE is
\`${small.slice(root.length + 1)}\`; NOISE is 1 GiB of random bytes in the page cache, in which all of memory is looked through for a root
(and then 64 MiB once more for why there is none), PIECES the same written in pieces of 4 KiB, for which the page cache is half as fast, LARGE 4 GiB, NOISE.elf
1 GiB as an ELF core; KDUMP is a dump of 1 GiB, each page compressed by zlib, with a root, so that it is looked through twice; HALF is 1 TiB of which a random half is preserved, 134 million blocks. _walk in C_ is \`bench/walk.c\`, which
does of it what a booting kernel does; _drgn_ looks at the first bytes of each page, too.

| command | takes | processor | beside | takes | processor | ratio |
| --- | --- | --- | --- | --- | --- | --- |
${rows.map(line).join('\n')}

${absent.length === 0 ? '' : `Not installed here, so not compared with: ${absent.join(', ')}.\n\n`}What V8 compiled is kept in \`~/.cache/kho-tools\` after the first run of each command; _nothing kept_ is that first run, but for writing it.

\`npm run bench\` has the figures of the parts: trackers against reading their own pages, containers, diff, validate.

## Images made to cost much

Whatever is in an image, time and memory of a command grow with its bytes and with those of the answer, never with their product: \`test/bombs\` holds
that with images of 9.5 MB that are nothing but nodes, regions, sessions, files, folios or chunks. Processor seconds of a whole command on them:

- up to 2 s and 450 MiB: \`stat\`, \`dump --json\`, \`validate\`, \`map\`, \`boot\`, \`whois\`, \`slim\`, \`damage --list\`, \`convert\`, \`compare\`, \`abi\`, \`report\`;
- up to 2 s and 250 MiB: \`hex\` of all 9.5 MB, which is 10 to 45 characters for each byte, up to 435 MB with \`--json\`;
- up to 2.3 s and 520 MiB: \`diff\` of two of them, 19 MB together;
- \`map\` and \`diff\` refuse an image in which a few bitmaps of large blocks stand for more than 16 million runs: no kernel writes one;
- what an answer has of its own: \`pages\` of one bitmap that is named 255,000 times has 532 million lines, 8 GB, half a GB a second.
`
}
