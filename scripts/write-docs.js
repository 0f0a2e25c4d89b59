// Writes the pages of docs/ that are made from the catalogue of rules and from the layouts. Run by `npm run docs`, which builds first.
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { rulesPage, upstreamBugsPage } from '../dist/src/commands/rules/page.js'
import { DAMAGES } from '../dist/src/damage/index.js'
import { imhexPatterns } from '../dist/src/reference/imhex.js'
import { kaitaiDescription } from '../dist/src/reference/kaitai.js'
import { formatsPage } from '../dist/src/reference/page.js'
import { RECORDS } from '../dist/src/reference/records.js'
import { RULES } from '../dist/src/rules/catalogue.js'

const write = (name, text) => writeFileSync(fileURLToPath(new URL(`../docs/${name}`, import.meta.url)), text)

write('rules.md', rulesPage(RULES))
write('upstream-bugs.md', upstreamBugsPage(Object.keys(DAMAGES)))

mkdirSync(fileURLToPath(new URL('../docs/formats', import.meta.url)), { recursive: true })
write('formats.md', formatsPage(RECORDS))
write('formats/kho.ksy', kaitaiDescription(RECORDS))
write('formats/kho.hexpat', imhexPatterns(RECORDS))
