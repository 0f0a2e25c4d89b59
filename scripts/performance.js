// `npm run performance [IMAGE]`: what the command line costs beside the least that it could cost, each pair run in turn, and
// docs/performance.md written with it. Processor seconds as bash's `time` gives them: other work on the machine disturbs
// them less than it does the clock.
import { execFileSync, spawnSync } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { closeSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const RUNS = 9
const GIB = 2 ** 30

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const kho = `node ${join(root, 'bin/kho.js')}`
const small = join(root, process.argv[2] ?? 'fixtures/linux-7.2.reserve-only-256m.s1-kexec.elf')
const noise = join(tmpdir(), `kho-noise-${process.pid}`)

try {
  writeNoise(noise)
  const start = name => compare(`kho ${name} IMAGE`, `${kho} ${name} ${small}`, 'node -e 0', 'node -e 0')
  const pages = start('pages')
  const rows = [
    compare('kho --version', `${kho} --version`, 'node -e 0', 'node -e 0'),
    pages,
    ...['stat', 'validate', 'dump'].map(start),
    compare('kho pages NOISE', `${kho} pages ${noise}`, 'cat NOISE', `cat ${noise}`, pages.ours),
  ]
  writeFileSync(join(root, 'docs/performance.md'), page(rows))
} finally {
  rmSync(noise, { force: true })
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
  const what = less > 0 ? `${name}, less that of IMAGE` : name
  return `| \`${what}\` | ${ms(ours)} | \`${peerName}\` | ${ms(theirs)} | ${ms(more)} | ${(ours / theirs).toFixed(2)} |`
}

function writeNoise(path) {
  const file = openSync(path, 'w')
  const piece = new Uint8Array(2 ** 24)
  for (let at = 0; at < GIB; at += piece.length) writeSync(file, randomFillSync(piece))
  closeSync(file)
}

function page(rows) {
  const [cpu] = cpus()
  const kernel = execFileSync('uname', ['-sr'], { encoding: 'utf8' }).trim()
  return `# What it costs

Written by \`npm run performance\`: medians of ${RUNS} pairs of runs in turn, in user and system seconds of the whole process.
${cpus().length} × ${cpu.model.trim()}, ${Math.round(totalmem() / GIB)} GiB, ${kernel}, Node ${process.version}. IMAGE is
\`${small.slice(root.length + 1)}\`; NOISE is 1 GiB of random bytes in the page cache, in which all of memory is looked through for a root.

| command | takes | beside | takes | more | ratio |
| --- | --- | --- | --- | --- | --- |
${rows.map(line).join('\n')}

\`npm run bench\` has the figures of the parts: trackers against reading their own pages, containers, diff, validate.
`
}
