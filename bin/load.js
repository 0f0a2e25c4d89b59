'use strict'
// Starts the bundle and keeps what V8 compiled of it between runs, one file a command: compiling is a third of what a
// command takes. Node 22 and newer have module.enableCompileCache() for that; this one works in 20 too, and has what one
// command needs in one file (Node 24, `kho stat` of a small image above `node -e 0`: 87 ms without, 62 with Node's, 49
// with this).
const fs = require('node:fs')
const { homedir } = require('node:os')
const { isAbsolute, join } = require('node:path')
const { Script } = require('node:vm')

/** Owner may write, nobody else: what lies in there is run. */
const OTHERS_WRITE = 0o022

/** Loads `kho.cjs` of a folder that scripts/bundle.js wrote. */
module.exports = function load(folder) {
  const { build, commands } = JSON.parse(fs.readFileSync(join(folder, 'parts.json'), 'utf8'))
  // Names of files are none that a user gives.
  const command = commands.includes(process.argv[2]) ? process.argv[2] : 'none'
  const cache = cacheFolder()
  const file = cache === null ? null : join(cache, command)
  // Bytecode is V8's own affair: it differs between releases of Node and between machines.
  const made = [build, process.version, process.arch].join(' ')
  const kept = file === null ? null : readKept(file, made)
  const scripts = new Map()
  const modules = new Map()
  let news = false

  function part(name) {
    const known = modules.get(name)
    if (known !== undefined) return known.exports
    const module = { exports: {} }
    modules.set(name, module)
    const filename = join(folder, name)
    // It is ASCII, see scripts/bundle.js.
    const source = fs.readFileSync(filename, 'latin1')
    const cachedData = kept?.get(name)
    const script = new Script(`(function (exports, require, module, __filename, __dirname) {${source}\n})`, {
      filename,
      cachedData,
    })
    // V8 says no to what another V8, or one with other flags, has made.
    if (cachedData === undefined || script.cachedDataRejected) news = true
    scripts.set(name, script)
    const run = script.runInThisContext()
    run.call(module.exports, module.exports, partOrBuiltin, module, filename, folder)
    return module.exports
  }

  function partOrBuiltin(name) {
    return name.startsWith('./') ? part(name.slice(2)) : require(name)
  }

  if (file !== null) process.on('exit', () => news && keep(file, made, scripts, kept ?? new Map()))
  part('kho.cjs')
}

/**
 * `$XDG_CACHE_HOME/kho-tools/code`, made where there is none. Null where it is not to be used: it is another's (root
 * with the home of the user who called sudo), others may write there, or there is no room.
 */
function cacheFolder() {
  if (process.env.NODE_DISABLE_COMPILE_CACHE) return null
  try {
    const given = process.env.XDG_CACHE_HOME ?? ''
    const folder = join(isAbsolute(given) ? given : join(homedir(), '.cache'), 'kho-tools', 'code')
    const found = fs.lstatSync(folder, { throwIfNoEntry: false })
    if (found === undefined) {
      fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
      return folder
    }
    const mine = process.geteuid === undefined || found.uid === process.geteuid()
    return found.isDirectory() && mine && (found.mode & OTHERS_WRITE) === 0 ? folder : null
  } catch {
    return null
  }
}

/** Length of the index, the index in JSON, the code of each part. Null where there is none of this build for this Node. */
function readKept(file, made) {
  try {
    const bytes = fs.readFileSync(file)
    const start = 4 + bytes.readUInt32LE(0)
    const index = JSON.parse(bytes.toString('utf8', 4, start))
    if (index.made !== made || bytes.length !== start + index.size) return null
    return new Map(
      index.parts.map(([name, at, size]) => [name, bytes.subarray(start + at, start + at + size)]),
    )
  } catch {
    return null
  }
}

function keep(file, made, scripts, kept) {
  const parts = []
  const code = []
  let size = 0
  // What an earlier run needed and this one did not stays: one may have failed, the other not.
  for (const name of new Set([...kept.keys(), ...scripts.keys()])) {
    // With the functions that ran: the rest are compiled when they are called.
    const data = scripts.get(name)?.createCachedData() ?? kept.get(name)
    parts.push([name, size, data.length])
    code.push(data)
    size += data.length
  }
  const index = Buffer.from(JSON.stringify({ made, size, parts }))
  const head = Buffer.alloc(4)
  head.writeUInt32LE(index.length)
  const unfinished = `${file}.${process.pid}`
  try {
    fs.writeFileSync(unfinished, Buffer.concat([head, index, ...code]), { mode: 0o600, flag: 'wx' })
    fs.renameSync(unfinished, file)
  } catch {
    // A full or read-only disk: the next run compiles again.
    fs.rmSync(unfinished, { force: true })
  }
}
