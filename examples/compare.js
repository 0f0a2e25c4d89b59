// What the preserved memory costs in every tracker. node compare.js IMAGE
import { compare, loadState } from 'kho-tools'
import { openImage } from 'kho-tools/node'

const state = loadState(await openImage(process.argv[2]))
for (const row of compare(state).rows) console.log(row.tracker)
