// A state in numbers. node stat.js IMAGE
import { loadState, stat } from 'kho-tools'
import { openImage } from 'kho-tools/node'

const state = loadState(await openImage(process.argv[2]))
const { writer, totals, outcome } = stat(state)
console.log(writer.release, totals.blocks, totals.bytes, outcome.word)
