// Every rule, and what the kernel will do. node validate.js IMAGE
import { loadState, validate } from 'kho-tools'
import { openImage } from 'kho-tools/node'

const state = loadState(await openImage(process.argv[2]))
const { outcome, findings } = validate(state, { reader: '7.2' })
console.log(`${outcome.word} (${outcome.kernel})`)
for (const { rule, severity, message } of findings) console.log(severity, rule, message)
