// `npm run performance [IMAGE]`: what the command line costs beside the least that it could cost, each pair run in turn, and
// docs/performance.md written with it. Run `npm run build` first. Processor seconds as bash's `time` gives them: other work on the machine disturbs
// them less than it does the clock.
import { execFileSync, spawnSync } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeElf } from '../dist/formats/dumps/index.js'
import { abiOf } from '../dist/formats/kernels/index.js'
import { geometry } from '../dist/formats/memory/geometry.js'
import { createMemoryBuilder } from '../dist/formats/memory/memory-builder.js'
import { addBitmap, createPageSet, SPAN_BITS, SPAN_WORDS } from '../dist/formats/pages/page-set.js'
import { writeState } from '../dist/src/write/state-writer.js'

const RUNS = 9
const GIB = 2 ** 30

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const kho = `node ${join(root, 'bin/kho.js')}`
const small = join(root, process.argv[2] ?? 'fixtures/linux-7.2.reserve-only-256m.s1-kexec.elf')
const folder = mkdtempSync(join(tmpdir(), 'kho-performance-'))
const noise = join(folder, 'noise')
const half = join(folder, 'half.elf')
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
  writeNoise(noise)
  const tracker = writeHalf(half)
  const count = join(folder, 'count.cjs')
  writeFileSync(count, COUNT)
  const start = name => compare(`kho ${name} IMAGE`, `${kho} ${name} ${small}`, 'node -e 0', 'node -e 0')
  const pages = start('pages')
  const rows = [
    compare('kho --version', `${kho} --version`, 'node -e 0', 'node -e 0'),
    pages,
    ...['stat', 'validate', 'dump'].map(start),
    compare(
      'kho stat IMAGE, nothing kept',
      `NODE_DISABLE_COMPILE_CACHE=1 ${kho} stat ${small}`,
      'node -e 0',
      'node -e 0',
    ),
    compare('kho pages NOISE', `${kho} pages ${noise}`, 'cat NOISE', `cat ${noise}`, pages.ours),
    compare('kho dump HALF', `${kho} dump ${half}`, 'read HALF, count its bits in Node', `node ${count}`),
    ...compiledWalk(tracker),
    ...installedDrgn(),
  ]
  writeFileSync(join(root, 'docs/performance.md'), page(rows))
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** The kernel's walk of the same tree in C, with a call for each block, where there is a compiler. */
function compiledWalk(tracker) {
  const program = join(folder, 'walk')
  const { status } = spawnSync('gcc', ['-O2', '-o', program, join(root, 'bench/walk.c')])
  if (status !== 0) return []
  return [compare('kho dump HALF', `${kho} dump ${half}`, 'walk in C', `${program} ${half} ${tracker}`)]
}

/** What a debugger takes before it is asked anything, where there is one. */
function installedDrgn() {
  if (spawnSync('drgn', ['--version']).status !== 0) return []
  return [compare('kho stat IMAGE', `${kho} stat ${small}`, 'drgn --version', 'drgn --version')]
}

/** Medians of both, and of their difference pair by pair; `less` is taken off what is ours. */
function compare(name, command, peerName, peer, less = 0) {
  const pairs = []
  for (let run = 0; run <= RUNS; run++) {
    const pair = [seconds(command) - less, seconds(peer)]
    // The first one fills the caches.
    if (run > 0) pairs.push(pair)
  }
  const ours = median(pairs.map(([a]) => a))
  const theirs = median(pairs.map(([, b]) => b))
  const more = median(pairs.map(([a, b]) => a - b))
  const row = { name, peerName, ours, theirs, more, less }
  console.log(line(row))
  return row
}

/** User and system seconds of a command, whatever it says and however it ends. */
function seconds(command) {
  const script = `TIMEFORMAT='%U %S'; time ${command} >/dev/null 2>&1`
  const { stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' })
  const [user, system] = stderr.trim().split(/\s+/).map(Number)
  return user + system
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
}

function line({ name, peerName, ours, theirs, more, less }) {
  const ms = value => `${Math.round(value * 1000)} ms`
  const what = less > 0 ? `${name}\`, less that of \`IMAGE` : name
  return `| \`${what}\` | ${ms(ours)} | \`${peerName}\` | ${ms(theirs)} | ${ms(more)} | ${(ours / theirs).toFixed(2)} |`
}

function writeNoise(path) {
  const file = openSync(path, 'w')
  const piece = new Uint8Array(2 ** 24)
  for (let at = 0; at < GIB; at += piece.length) writeSync(file, randomFillSync(piece))
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

Written by \`npm run performance\`: medians of ${RUNS} pairs of runs in turn, in user and system seconds of the whole process.
${cpus().length} × ${cpu.model.trim()}, ${Math.round(totalmem() / GIB)} GiB, ${kernel}, Node ${process.version}. IMAGE is
\`${small.slice(root.length + 1)}\`; NOISE is 1 GiB of random bytes in the page cache, in which all of memory is looked through for a root;
HALF is 1 TiB of which a random half is preserved, 134 million blocks. _walk in C_ is \`bench/walk.c\`, which does of it what a booting kernel does.

| command | takes | beside | takes | more | ratio |
| --- | --- | --- | --- | --- | --- |
${rows.map(line).join('\n')}

What V8 compiled is kept in \`~/.cache/kho-tools\` after the first run of each command; _nothing kept_ is that first run, but for writing it.

\`npm run bench\` has the figures of the parts: trackers against reading their own pages, containers, diff, validate.
`
}
