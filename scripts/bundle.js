// Makes what `bin/kho.js` starts: dist/kho/, the program in a few files. Start-up is what users feel, and of 1.3 MB of
// modules a command needs little, so that the parts stay apart: one file for what every image needs, one for each
// command. CommonJS, because loading is then synchronous and `node:fs` brings no streams along: measured on Node 20,
// `--version` takes 13 ms above `node -e 0` this way, 21 ms as modules and 75 ms as one file.
//
// With `--one` dist/kho.cjs instead: the whole program in one file, which runs wherever Node is, and which
// scripts/binary.js puts into an executable.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** What every command loads, `--version` too. */
const START = ['src/cli/start.js']
/** What nearly every command loads besides: one file instead of forty. */
const CORE = [
  'src/commands/shared/open-state.js',
  'src/node/standard-input.js',
  'src/node/debugfs-folder.js',
  'formats/dumps/raw.js',
  'formats/dumps/elf.js',
  'formats/dumps/elf-notes.js',
]

const one = process.argv.includes('--one')
const bundle = await rolldown({
  input: join(root, 'dist/src/cli/start.js'),
  // formats/dumps names its containers twice, at once for a library and by need for the program.
  checks: { ineffectiveDynamicImport: false },
  platform: 'node',
  cwd: root,
  transform: { define: { KHO_VERSION: JSON.stringify(version) } },
  plugins: [withoutProcesses(), withoutStreams()],
})
// ASCII, which V8 reads at a byte a character.
const common = { format: 'cjs', charset: 'ascii', minify: true, comments: { legal: false } }
if (one) {
  const output = await bundle.write({ ...common, file: join(root, 'dist', 'kho.cjs'), codeSplitting: false })
  writeFileSync(join(root, 'dist', 'kho.licenses.txt'), licensesOf(output))
} else {
  const folder = join(root, 'dist', 'kho')
  rmSync(folder, { recursive: true, force: true })
  const output = await bundle.write({
    ...common,
    dir: folder,
    entryFileNames: 'kho.cjs',
    chunkFileNames: '[name]-[hash].cjs',
    codeSplitting: {
      groups: [
        { name: part('start', START), debugName: 'start', priority: 2 },
        { name: part('core', CORE), debugName: 'core', priority: 1 },
      ],
    },
  })
  writeFileSync(join(folder, 'licenses.txt'), licensesOf(output))
  writeFileSync(join(folder, 'parts.json'), partsOf(output))
}
await bundle.close()
await bundleThread()

/** What a thread that searches is started with, in one file: it has no cache of code, and no other part. */
async function bundleThread() {
  const thread = await rolldown({
    input: join(root, 'dist/src/node/search/worker.js'),
    platform: 'node',
    cwd: root,
  })
  await thread.write({ ...common, file: join(root, 'dist', 'kho', 'search.cjs'), codeSplitting: false })
  await thread.close()
}

/** What bin/load.js keeps compiled code by: which code this is, and the commands that each have theirs. */
function partsOf({ output }) {
  const hash = createHash('sha256')
  for (const { fileName, code } of output) {
    const strange = /[^\0-\x7f].{0,20}/.exec(code)
    if (strange !== null) throw new Error(`bin/load.js reads ASCII, and ${fileName} has ${strange[0]}`)
    hash.update(`${fileName}\0${code}\0`)
  }
  const commands = readdirSync(join(root, 'dist', 'src', 'commands'), { withFileTypes: true })
  const names = commands
    .filter(entry => entry.isDirectory() && entry.name !== 'shared')
    .map(entry => entry.name)
  return `${JSON.stringify({ build: hash.digest('hex').slice(0, 16), commands: names.sort() })}\n`
}

/** Puts all that `files` of dist/ import at once into one file of that name. */
function part(name, files) {
  let members = null
  return (id, graph) => {
    members ??= reachable(files, graph)
    return members.has(id) ? name : null
  }
}

function reachable(files, graph) {
  const seen = new Set()
  const open = files.map(file => join(root, 'dist', file))
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const info = seen.has(id) ? null : graph.getModuleInfo(id)
    if (info === null) continue
    seen.add(id)
    open.push(...info.importedIds)
  }
  return seen
}

/** commander loads `node:child_process` for subcommands that are programs of their own: 3 ms for what `kho` has none of. */
function withoutProcesses() {
  return {
    name: 'without-processes',
    resolveId: (source, importer) =>
      source === 'node:child_process' && /[\\/]commander[\\/]/.test(importer ?? '') ? '\0none' : null,
    load: id => (id === '\0none' ? 'module.exports = {}' : null),
  }
}

/**
 * picocolors asks standard output whether it is a terminal, for a default that `kho` does not use: asking makes a stream
 * of it, 5 ms.
 */
function withoutStreams() {
  const question = '(p.stdout || {}).isTTY'
  return {
    name: 'without-streams',
    transform(code, id) {
      if (!/[\\/]picocolors[\\/]picocolors\.js$/.test(id)) return null
      if (!code.includes(question)) throw new Error('picocolors has changed: see withoutStreams')
      return code.replace(question, 'false')
    },
  }
}

/** The licences of the packages whose code went in. */
function licensesOf({ output }) {
  const folders = new Set()
  for (const chunk of output) {
    for (const id of chunk.moduleIds ?? []) {
      const folder = /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(id)
      if (folder !== null) folders.add(folder[0])
    }
  }
  return [...folders].sort().map(licenseOf).join('\n')
}

function licenseOf(folder) {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const file = readdirSync(folder).find(name => /^licen[cs]e/i.test(name))
  if (file === undefined) throw new Error(`${relative(root, folder)} has no licence file`)
  return `${manifest.name} ${manifest.version} (${manifest.license})\n\n${readFileSync(join(folder, file), 'utf8')}\n`
}
