import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { undoAtExit } from '../../../src/node/cleanup.js'
import { makeTempFolder } from '../../../src/node/temp-folder.js'
import { ROOT } from '../../built.js'

let home = ''
let folder = ''
/** What processes said of their folder. */
let made: string[] = []
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'kho-test-'))
  folder = join(home, 'temp')
  mkdirSync(folder)
  made = []
})
afterEach(() => rmSync(home, { recursive: true }))

/** The modules under test as Node runs them, in a place of their own. */
function transpiled(): string {
  for (const file of ['formats/error.ts', 'src/node/cleanup.ts', 'src/node/temp-folder.ts']) {
    const { outputText } = ts.transpileModule(readFileSync(join(ROOT, file), 'utf8'), {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
    })
    const path = join(home, file.replace(/\.ts$/, '.js'))
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, outputText)
  }
  writeFileSync(join(home, 'package.json'), '{ "type": "module" }')
  return join(home, 'src/node/temp-folder.js')
}

/** A process that makes a temporary folder, says so, and then does as told. */
function run(then: string, signal?: NodeJS.Signals) {
  const script = `import { makeTempFolder } from ${JSON.stringify(transpiled())}
    import { existsSync } from 'node:fs'
    console.log(existsSync(makeTempFolder(${JSON.stringify(folder)}).path)); ${then}`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  child.stdout.once('data', (said: Buffer) => {
    made.push(String(said).trim())
    if (signal !== undefined) child.kill(signal)
  })
  return new Promise<[number | null, NodeJS.Signals | null]>(resolve =>
    child.once('close', (code, by) => resolve([code, by])),
  )
}

describe('undoAtExit', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'leaves nothing behind on %s, and dies of it',
    async signal => {
      expect(await run('setInterval(() => {}, 1000)', signal)).toEqual([null, signal])
      expect(made).toEqual(['true'])
      expect(readdirSync(folder)).toEqual([])
    },
  )

  it.each([
    ['the end', 'await 0', 0],
    ['process.exit', 'setTimeout(() => process.exit(3), 50); await new Promise(() => {})', 3],
    ['an error', 'throw new Error("no")', 1],
  ])('leaves nothing behind on %s', async (_name, then, code) => {
    expect(await run(then)).toEqual([code, null])
    expect(made).toEqual(['true'])
    expect(readdirSync(folder)).toEqual([])
  })

  it('undoes once, and listens only while there is something to undo', () => {
    const before = process.listenerCount('SIGINT')
    let undone = 0
    const undo = undoAtExit(() => undone++)
    expect(process.listenerCount('SIGINT')).toBe(before + 1)
    undo()
    undo()
    expect(undone).toBe(1)
    expect(process.listenerCount('SIGINT')).toBe(before)
  })
})

describe('makeTempFolder', () => {
  it('removes the folder and all that is in it', () => {
    const temp = makeTempFolder(folder)
    expect(existsSync(temp.path)).toBe(true)
    temp.remove()
    expect(existsSync(temp.path)).toBe(false)
  })

  it('refuses a place that is not there, or whose name is too long for sockets', () => {
    expect(() => makeTempFolder(join(folder, 'nowhere'))).toThrow(/no place for temporary files/)
    const long = join(folder, 'x'.repeat(100))
    mkdirSync(long)
    expect(() => makeTempFolder(long)).toThrow(/too long for sockets/)
    expect(readdirSync(long)).toEqual([])
  })
})
