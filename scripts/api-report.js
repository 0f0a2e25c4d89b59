// What the package exports, as text that a reviewer reads: api/*.txt. `--check` says what would change instead of
// writing it, and fails then. Reads the declarations in dist/.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const entries = Object.entries(exports).filter(([, target]) => target.types !== undefined)
const program = ts.createProgram(
  entries.map(([, { types }]) => join(root, types)),
  {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    skipLibCheck: true,
    types: ['node'],
  },
)
const checker = program.getTypeChecker()
const printer = ts.createPrinter({ removeComments: true })

let changed = 0
for (const [name, { types }] of entries) {
  const file = join(root, 'api', `${name === '.' ? 'kho-tools' : name.slice(2)}.txt`)
  const report = reportOf(join(root, types))
  const old = existsSync(file) ? readFileSync(file, 'utf8') : ''
  if (old === report) continue
  changed++
  if (process.argv.includes('--check')) console.error(firstDifference(file, old, report))
  else {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, report)
  }
}
if (changed > 0 && process.argv.includes('--check')) {
  console.error('`npm run api` writes what is exported now')
  process.exitCode = 1
}

function reportOf(path) {
  const module = checker.getSymbolAtLocation(program.getSourceFile(path))
  const symbols = checker.getExportsOfModule(module).map(symbol => [symbol.name, resolved(symbol)])
  symbols.sort(([a], [b]) => (a < b ? -1 : 1))
  return `${symbols.map(([name, symbol]) => declarationsOf(name, symbol)).join('\n\n')}\n`
}

function resolved(symbol) {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
}

/** What a name stands for; of a namespace, the names in it. */
function declarationsOf(name, symbol) {
  const found = symbol.declarations ?? []
  if (found.some(ts.isSourceFile)) {
    const names = checker.getExportsOfModule(symbol).map(member => member.name)
    return `namespace ${name}:\n${names
      .sort()
      .map(member => `  ${member}`)
      .join('\n')}`
  }
  const own = symbol.name === name ? '' : `${name} is `
  return (
    own + found.map(node => textOf(ts.isVariableDeclaration(node) ? node.parent.parent : node)).join('\n')
  )
}

function textOf(node) {
  return (
    printer
      .printNode(ts.EmitHint.Unspecified, node, node.getSourceFile())
      .replace(/^export (declare )?/, '')
      .replace(/^declare /, '')
      // Compilers differ in their quotation marks.
      .replace(/'([^'"\\\n]*)'/g, '"$1"')
  )
}

function firstDifference(file, old, now) {
  const [before, after] = [old.split('\n'), now.split('\n')]
  const at = after.findIndex((line, n) => line !== before[n])
  return `${file}:${at + 1}: was ${before[at] ?? 'not there'}, is ${after[at] ?? 'not there'}`
}
