import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join, posix } from 'node:path'
import ts from 'typescript'

/** Source files by path relative to the repository, with `/`. */
export type Sources = ReadonlyMap<string, string>

/** Folders of formats/, each may import those before it. */
const FORMATS = [
  'layout',
  'memory',
  'pages',
  'fdt',
  'trackers',
  'blobs',
  'handoff',
  'dumps',
  'kernel-files',
  'described',
  'kernels',
]

/** Layers of src/, each may import those before it; folders of one layer do not import each other. */
const LAYERS: readonly (readonly string[])[] = [
  ['image'],
  // Descriptions of structures as files.
  ['layouts', 'reference'],
  // The state as one tree.
  ['model'],
  ['owners'],
  // A state into memory: root, trackers, blobs, hand-over.
  ['rules', 'write'],
  // The scenario file: what calls a kernel is to be given.
  ['scenario'],
  // A kernel at work on them.
  ['kernel'],
  ['damage'],
  // Verbs on states.
  ['validate', 'boot', 'diff', 'convert', 'slim', 'extract', 'simulate', 'whois', 'hex', 'map', 'abi'],
  // Files, zlib, signals: all that needs Node.
  ['node'],
  // What composites share.
  ['guest'],
  ['compare', 'capture', 'replay', 'report', 'stat'],
  // The verbs as the package exports them, with bytes in memory in and out.
  ['library'],
  // What renders; render itself comes before all of it and after everything else.
  // One folder a command, and what they share.
  ['commands'],
  ['explorer'],
  ['cli'],
]

/** The only folders that know Node. */
const NODE = ['node', 'guest', 'capture', 'replay', 'report', 'commands', 'cli']

/** The only layers that render. */
const RENDERING = ['explorer', 'commands', 'cli']

/** Packages that run in a browser, need no I/O, and may be used by codecs. */
const FORMATS_PACKAGES = ['binary-parser']

/** Globals that a codec must not use: they are Node's, or they print. */
const FORBIDDEN_GLOBALS = ['Buffer', 'process', 'console', 'require', 'globalThis', '__dirname']

const MAX_LINES = 300
const MAX_TEST_LINES = 600

/** Reads every TypeScript file below some folders. */
export function readSources(root: string, folders: readonly string[]): Map<string, string> {
  const sources = new Map<string, string>()
  for (const folder of folders) {
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith('.ts')) continue
      const file = join(entry.parentPath, entry.name)
      sources.set(file.slice(root.length + 1).replaceAll('\\', '/'), readFileSync(file, 'utf8'))
    }
  }
  return sources
}

/** Every broken rule, one line each; empty when the arrows hold. */
export function brokenArrows(sources: Sources): string[] {
  const broken: string[] = []
  for (const [file, text] of sources) {
    broken.push(...tooLong(file, text))
    if (file.startsWith('test/')) continue
    for (const specifier of importsOf(text)) {
      const reason = forbidden(file, specifier, sources)
      if (reason !== null) broken.push(`${file} imports ${specifier}: ${reason}`)
    }
    if (file.startsWith('formats/')) broken.push(...forbiddenGlobals(file, text))
  }
  // Arrows that are broken are told first: they make circles.
  return broken.length > 0 ? broken : circles(sources)
}

/** Files that import each other, by however many steps: neither can be read, or moved, without the other. */
function circles(sources: Sources): string[] {
  const done = new Set<string>()
  const found: string[] = []
  const visit = (file: string, way: readonly string[]) => {
    const begun = way.indexOf(file)
    if (begun >= 0) found.push(`a circle of imports: ${[...way.slice(begun), file].join(' -> ')}`)
    if (begun >= 0 || done.has(file)) return
    for (const specifier of importsOf(sources.get(file) ?? '')) {
      if (!specifier.startsWith('.')) continue
      const target = posix.join(posix.dirname(file), specifier).replace(/\.js$/, '.ts')
      if (sources.has(target)) visit(target, [...way, file])
    }
    done.add(file)
  }
  for (const file of sources.keys()) visit(file, [])
  return found
}

/** What a file imports, by any kind of import or export, types and dynamic ones included. */
export function importsOf(text: string): string[] {
  return ts.preProcessFile(text, true, true).importedFiles.map(imported => imported.fileName)
}

/** Files and packages that are loaded as soon as a file is: its imports and theirs, without types and dynamic ones. */
export function eagerImports(entry: string, sources: Sources): string[] {
  const seen = new Set<string>([entry])
  for (const file of seen) {
    for (const specifier of eagerImportsOf(sources.get(file) ?? '')) {
      const relative = specifier.startsWith('.')
      seen.add(relative ? posix.join(posix.dirname(file), specifier).replace(/\.js$/, '.ts') : specifier)
    }
  }
  return [...seen].sort()
}

function eagerImportsOf(text: string): string[] {
  const specifiers: string[] = []
  for (const statement of ts.createSourceFile('x.ts', text, ts.ScriptTarget.ES2022).statements) {
    const loads = ts.isImportDeclaration(statement)
      ? statement.importClause?.isTypeOnly !== true
      : ts.isExportDeclaration(statement) && !statement.isTypeOnly
    if (!loads || !('moduleSpecifier' in statement)) continue
    const { moduleSpecifier } = statement
    if (moduleSpecifier !== undefined && ts.isStringLiteral(moduleSpecifier as ts.Node)) {
      specifiers.push((moduleSpecifier as ts.StringLiteral).text)
    }
  }
  return specifiers
}

function tooLong(file: string, text: string): string[] {
  const limit = file.startsWith('test/') ? MAX_TEST_LINES : MAX_LINES
  const lines = text.split('\n').length - 1
  return lines > limit ? [`${file} has ${lines} lines, more than ${limit}`] : []
}

function forbidden(file: string, specifier: string, sources: Sources): string | null {
  if (!specifier.startsWith('.')) {
    return file.startsWith('formats/') ? forbiddenPackage(specifier) : forbiddenNode(file, specifier)
  }
  const target = posix.join(posix.dirname(file), specifier).replace(/\.js$/, '.ts')
  if (!sources.has(target)) return 'there is no such file'
  if (file.startsWith('formats/')) return forbiddenInFormats(file, target)
  return forbiddenInSrc(file, target)
}

function forbiddenPackage(specifier: string): string | null {
  if (isNodes(specifier)) return 'formats runs in a browser'
  return FORMATS_PACKAGES.includes(specifier) ? null : 'formats imports no such package'
}

function forbiddenNode(file: string, specifier: string): string | null {
  if (!isNodes(specifier) || NODE.includes(folderOf(file) ?? '')) return null
  return `only ${NODE.join(', ')} know Node`
}

function isNodes(specifier: string): boolean {
  return specifier.startsWith('node:') || builtinModules.includes(specifier)
}

function forbiddenInFormats(file: string, target: string): string | null {
  if (!target.startsWith('formats/')) return 'formats imports nothing from outside'
  const from = folderOf(file)
  const to = folderOf(target)
  if (target === 'formats/error.ts') return null
  if (from === null) return file === 'formats/error.ts' ? 'the error type depends on nothing' : null
  if (to === null) return 'a folder does not import the root of formats, except the error type'
  if (from === to) return null
  if (from === 'fdt') return 'fdt knows nothing but bytes'
  const [rank, targetRank] = [FORMATS.indexOf(from), FORMATS.indexOf(to)]
  if (rank < 0 || targetRank < 0) return 'the folder is not in the order of formats'
  return targetRank < rank ? null : `${from} comes before ${to}`
}

function forbiddenInSrc(file: string, target: string): string | null {
  if (target.startsWith('formats/')) return null
  const from = folderOf(file)
  const to = folderOf(target)
  if (from === 'commands' && to === 'commands') return forbiddenInCommands(file, target)
  if (from === to) return null
  if (to === 'render')
    return from !== null && RENDERING.includes(from) ? null : 'only explorer, commands and cli render'
  if (to === null) return 'nothing imports the root of src'
  const rank = from === 'render' ? layerOf('commands') : from === null ? layerOf('cli') : layerOf(from)
  const targetRank = layerOf(to)
  if (rank < 0 || targetRank < 0) return 'the folder is not in the layers of src'
  return targetRank < rank ? null : `${from ?? 'src'} does not come after ${to}`
}

/** A command knows itself and what all share; the table beside them names them all. */
function forbiddenInCommands(file: string, target: string): string | null {
  const [, , from, ...inside] = file.split('/')
  const [, , to] = target.split('/')
  if (inside.length === 0 || from === to || to === 'shared') return null
  return from === 'shared' ? 'shared comes before the commands' : 'a command does not import another'
}

function layerOf(folder: string): number {
  return LAYERS.findIndex(layer => layer.includes(folder))
}

/** The folder right below formats/ or src/; null for a file there. */
function folderOf(file: string): string | null {
  const parts = file.split('/')
  return parts.length > 2 ? (parts[1] as string) : null
}

function forbiddenGlobals(file: string, text: string): string[] {
  const broken: string[] = []
  const declared = new Set<string>()
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true)
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && FORBIDDEN_GLOBALS.includes(node.text)) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart())
      if (isDeclaration(node)) declared.add(node.text)
      else if (!isMember(node)) broken.push(`${file}:${line + 1} uses ${node.text}: formats is pure`)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return broken.filter(message => ![...declared].some(name => message.includes(` uses ${name}:`)))
}

/** `let process`, a parameter `process`: a name of the file's own. */
function isDeclaration(node: ts.Identifier): boolean {
  const { parent } = node
  return (
    (ts.isVariableDeclaration(parent) || ts.isParameter(parent) || ts.isBindingElement(parent)) &&
    parent.name === node
  )
}

/** `x.process`, `{ process: 1 }` and the like name a member, not the global. */
function isMember(node: ts.Identifier): boolean {
  const { parent } = node
  return 'name' in parent && parent.name === node
}
