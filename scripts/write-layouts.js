// Writes layouts/*.yaml as modules: a browser has no files, and starting costs no YAML. `npm run layouts`.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

const root = fileURLToPath(new URL('..', import.meta.url))
const target = join(root, 'formats', 'described', 'posted')
const HEAD = '// Made from layouts/NAME.yaml by `npm run layouts`.\n'

mkdirSync(target, { recursive: true })
const names = readdirSync(join(root, 'layouts'))
  .filter(name => name.endsWith('.yaml'))
  .map(name => name.slice(0, -5))
  .sort()
for (const name of names) {
  const file = parse(readFileSync(join(root, 'layouts', `${name}.yaml`), 'utf8'))
  write(
    `${name}.ts`,
    `${HEAD.replace('NAME', name)}import type { LayoutFile } from '../layout-file.js'

/** ${file.posted.series} */
export const ${name.toUpperCase()}: LayoutFile = ${JSON.stringify(file)}
`,
  )
}
const imports = names.map(name => `import { ${name.toUpperCase()} } from './${name}.js'`).join('\n')
write(
  'index.ts',
  `${HEAD.replace('NAME', '*')}import type { LayoutFile } from '../layout-file.js'
${imports}

/** What was posted, and not merged. */
export const POSTED: readonly LayoutFile[] = [${names.map(name => name.toUpperCase()).join(', ')}]
`,
)
execFileSync('npx', ['biome', 'check', '--write', target], { cwd: root, stdio: 'inherit' })

function write(name, text) {
  writeFileSync(join(target, name), text)
}
