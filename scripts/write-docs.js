// Writes the pages of docs/ that are made from the catalogue of rules. Run by `npm run docs`, which builds first.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { rulesPage, upstreamBugsPage } from '../dist/src/commands/rules/page.js'
import { DAMAGES } from '../dist/src/damage/index.js'
import { RULES } from '../dist/src/rules/catalogue.js'

const write = (name, text) => writeFileSync(fileURLToPath(new URL(`../docs/${name}`, import.meta.url)), text)

write('rules.md', rulesPage(RULES))
write('upstream-bugs.md', upstreamBugsPage(Object.keys(DAMAGES)))
