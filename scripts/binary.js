// `npm run binary [FILE]`: the program as one executable for a machine without Node (dist/binary/kho), of the kind that this
// Node is: its own binary with the program put in, https://nodejs.org/docs/latest-v20.x/api/single-executable-applications.html
import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import postject from 'postject'

/** What Node looks for in itself; src/node.cc has the same. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'

/** Files of the package that commands read. */
const ASSETS = [
  'dist/kho/search.cjs',
  'dist/explorer/explorer.html',
  'guest/agent.c',
  'guest/capture.yaml',
  'guest/capture-arm64.yaml',
]

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const target = resolve(process.argv[2] ?? join(root, 'dist', 'binary', 'kho'))
const temp = mkdtempSync(join(tmpdir(), 'kho-binary-'))
try {
  execFileSync(process.execPath, [join(root, 'scripts', 'bundle.js'), '--one'], { stdio: 'inherit' })
  const config = {
    main: join(root, 'dist', 'kho.cjs'),
    output: join(temp, 'blob'),
    disableExperimentalSEAWarning: true,
    // With it the one file starts nearly as fast as many.
    useCodeCache: true,
    assets: Object.fromEntries(ASSETS.map(name => [name, join(root, name)])),
  }
  writeFileSync(join(temp, 'config.json'), JSON.stringify(config))
  execFileSync(process.execPath, ['--experimental-sea-config', join(temp, 'config.json')], {
    stdio: 'ignore',
  })
  mkdirSync(dirname(target), { recursive: true })
  copyFileSync(process.execPath, target)
  chmodSync(target, 0o755)
  await quietly(() =>
    postject.inject(target, 'NODE_SEA_BLOB', readFileSync(config.output), { sentinelFuse: FUSE }),
  )
} finally {
  rmSync(temp, { recursive: true, force: true })
}

/** postject warns of every section of Node's that has no name. */
async function quietly(work) {
  const { write } = process.stderr
  const said = []
  process.stderr.write = text => said.push(text) > 0
  try {
    await work()
  } catch (error) {
    write.call(process.stderr, said.join(''))
    throw error
  } finally {
    process.stderr.write = write
  }
}
