// What a reading kernel does with a state. node boot.js IMAGE
import { boot, loadState } from 'kho-tools'
import { openImage } from 'kho-tools/node'

const state = loadState(await openImage(process.argv[2]))
const { steps, end } = boot(state, { reader: '7.2' })
for (const { function: name, message } of steps.slice(0, 3)) console.log(`${name}: ${message}`)
console.log(end)
