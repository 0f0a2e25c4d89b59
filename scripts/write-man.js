// Writes dist/man: the manual pages, made from the tree of commands that the help comes from. The last step of `npm run build`.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { manPages } from '../dist/src/cli/man/index.js'

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist', 'man')
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
for (const [name, page] of await manPages()) writeFileSync(join(folder, name), page)
