import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { brokenArrows, eagerImports, importsOf, readSources } from './arrows.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '')

/** A made-up tree that keeps every rule; each case below breaks one. */
const GOOD: Record<string, string> = {
  'formats/error.ts': 'export const e = 1\n',
  'formats/abi.ts': "import './trackers/t.js'\n",
  'formats/memory/m.ts': "import '../error.js'\n",
  'formats/pages/p.ts':
    "import type { M } from '../memory/m.js'\nexport const set = { process: 1 }.process\n",
  'formats/pages/q.ts': 'export function f(process: number): number {\n  return process\n}\n',
  'formats/fdt/f.ts': "import { e } from '../error.js'\n",
  'formats/trackers/t.ts': "import '../pages/p.js'\nexport * from '../fdt/f.js'\nimport 'binary-parser'\n",
  'src/image/i.ts': "import '../../formats/abi.js'\n",
  'src/owners/o.ts': "import '../image/i.js'\n",
  'src/rules/r.ts': "import '../owners/o.js'\n",
  'src/write/w.ts': "import '../image/i.js'\n",
  'src/scenario/s.ts': "import '../image/i.js'\n",
  'src/kernel/k.ts': "import '../write/w.js'\nimport '../scenario/s.js'\n",
  'src/damage/d.ts': "import '../kernel/k.js'\n",
  'src/diff/d.ts': "import '../rules/r.js'\n",
  'src/extract/x.ts': "import '../image/i.js'\n",
  'src/node/n.ts': "import 'node:fs'\nimport '../image/i.js'\n",
  'src/guest/g.ts': "import 'node:net'\nimport '../diff/d.js'\nimport '../node/n.js'\n",
  'src/replay/y.ts': "import '../guest/g.js'\n",
  'src/explorer/h.ts': "import '../render/w.js'\n",
  'src/render/w.ts': "import type { D } from '../diff/d.js'\n",
  'src/commands/shared/o.ts': "import '../../render/w.js'\nimport 'node:fs'\n",
  'src/commands/dump/index.ts': "import '../shared/o.js'\nimport '../../diff/d.js'\nimport './t.js'\n",
  'src/commands/dump/t.ts': "import '../../render/w.js'\n",
  'src/commands/table.ts': "const d = await import('./dump/index.js')\n",
  'src/cli/c.ts': "import '../commands/table.js'\nconst d = await import('../explorer/h.js')\n",
  'src/index.ts': "export * from './replay/y.js'\n",
  'test/t.test.ts': "import '../src/cli/c.js'\n",
}

function withFile(file: string, text: string): string[] {
  return brokenArrows(new Map(Object.entries({ ...GOOD, [file]: text })))
}

describe('the arrows of docs/architecture.md', () => {
  it('hold for every file', () => {
    const sources = readSources(ROOT, ['formats', 'src', 'test'])
    expect([...sources.keys()].some(file => file.startsWith('formats/trackers/'))).toBe(true)
    expect(sources.has('src/cli/main.ts')).toBe(true)
    expect(brokenArrows(sources)).toEqual([])
  })
})

describe('start-up', () => {
  it('loads commander and a few small files; a command is loaded when it is named', () => {
    expect(eagerImports('src/cli/main.ts', readSources(ROOT, ['formats', 'src']))).toEqual([
      'commander',
      'formats/error.ts',
      'formats/layout/nearest.ts',
      'formats/memory/fault.ts',
      'node:fs',
      'node:module',
      'node:os',
      'node:path',
      'src/cli/errors.ts',
      'src/cli/main.ts',
      'src/cli/process-terminal.ts',
      'src/cli/program.ts',
      'src/cli/spell-out.ts',
      'src/commands/shared/exit-codes.ts',
      'src/commands/shared/locale.ts',
      'src/commands/shared/version.ts',
      'src/commands/shared/warn.ts',
      'src/commands/table.ts',
      'src/node/is-terminal.ts',
      'src/node/pager.ts',
      'src/node/system-error.ts',
      'src/node/write.ts',
      'src/render/ascii.ts',
      'src/render/escape.ts',
    ])
  })
})

describe('the checker', () => {
  it('accepts a tree that keeps every rule', () => {
    expect(brokenArrows(new Map(Object.entries(GOOD)))).toEqual([])
  })

  it.each([
    ['formats/memory/m.ts', "import '../../src/image/i.js'", 'nothing from outside'],
    ['formats/memory/m.ts', "import { readSync } from 'node:fs'", 'browser'],
    ['formats/memory/m.ts', "import { readSync } from 'fs'", 'browser'],
    ['formats/memory/m.ts', "import { decompress } from 'fzstd'", 'no such package'],
    ['formats/memory/m.ts', "import type { P } from '../pages/p.js'", 'memory comes before pages'],
    ['formats/memory/m.ts', "export { P } from '../pages/p.js'", 'memory comes before pages'],
    ['formats/memory/m.ts', "const p = await import('../pages/p.js')", 'memory comes before pages'],
    ['formats/memory/m.ts', "import '../abi.js'", 'root of formats'],
    ['formats/fdt/f.ts', "import '../memory/m.js'", 'nothing but bytes'],
    ['formats/error.ts', "import './memory/m.js'", 'depends on nothing'],
    ['formats/novelty/n.ts', "import '../memory/m.js'", 'not in the order'],
    ['formats/memory/m.ts', 'export const b = Buffer.alloc(1)', 'uses Buffer'],
    ['formats/memory/m.ts', "console.log('x')", 'uses console'],
    ['formats/memory/m.ts', 'export const big = process.arch', 'uses process'],
    ['src/image/i.ts', "import 'node:fs'", 'know Node'],
    ['src/diff/d.ts', "const fs = await import('fs')", 'know Node'],
    ['src/diff/d.ts', "import '../node/n.js'", 'does not come after'],
    ['src/image/i.ts', "import '../rules/r.js'", 'does not come after'],
    ['src/write/w.ts', "import '../rules/r.js'", 'does not come after'],
    ['src/scenario/s.ts', "import '../kernel/k.js'", 'does not come after'],
    ['src/kernel/k.ts', "import '../damage/d.js'", 'does not come after'],
    ['src/diff/d.ts', "import '../extract/x.js'", 'does not come after'],
    ['src/diff/d.ts', "import '../guest/g.js'", 'does not come after'],
    ['src/replay/y.ts', "import '../explorer/h.js'", 'does not come after'],
    ['src/diff/d.ts', "import '../render/w.js'", 'only explorer'],
    ['src/index.ts', "export * from './render/w.js'", 'only explorer'],
    ['src/index.ts', "export * from './cli/c.js'", 'does not come after'],
    ['src/commands/dump/t.ts', "import '../pages/index.js'", 'there is no such file'],
    ['src/commands/pages/index.ts', "import '../dump/t.js'", 'does not import another'],
    ['src/commands/pages/index.ts', "import '../table.js'", 'does not import another'],
    ['src/commands/shared/o.ts', "import '../dump/t.js'", 'shared comes before'],
    ['src/commands/dump/t.ts', "import '../../cli/c.js'", 'does not come after'],
    ['src/render/w.ts', "import '../cli/c.js'", 'does not come after'],
    ['src/render/w.ts', "import '../explorer/h.js'", 'does not come after'],
    ['src/image/i.ts', "import '../index.js'", 'root of src'],
    ['src/novelty/n.ts', "import '../image/i.js'", 'not in the layers'],
    ['src/image/i.ts', "import './gone.js'", 'no such file'],
    ['src/image/i.ts', '\n'.repeat(326), 'has 326 lines'],
    ['test/t.test.ts', '\n'.repeat(601), 'has 601 lines'],
  ])('notices %s with %s', (file, text, reason) => {
    const broken = withFile(file, text)
    expect(broken).toHaveLength(1)
    expect(broken[0]).toContain(file)
    expect(broken[0]).toContain(reason)
  })

  it('notices files of one folder that import each other, whatever the steps', () => {
    const sources = new Map([
      ...Object.entries(GOOD),
      ['formats/pages/a.ts', "import type { B } from './b.js'\n"],
      ['formats/pages/b.ts', "export * from './c.js'\n"],
      ['formats/pages/c.ts', "import { a } from './a.js'\n"],
    ])
    const way = 'formats/pages/a.ts -> formats/pages/b.ts -> formats/pages/c.ts -> formats/pages/a.ts'
    expect(brokenArrows(sources)).toEqual([`a circle of imports: ${way}`])
  })

  it('sees every kind of import', () => {
    const text =
      "import a from 'a'\nimport type { B } from 'b'\nexport * from 'c'\nawait import('d')\nlet e: import('e').E\n"
    expect(importsOf(text)).toEqual(['a', 'b', 'c', 'd', 'e'])
  })
})
