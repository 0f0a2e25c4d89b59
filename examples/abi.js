// Can a kernel take over this state? node abi.js IMAGE RELEASE
import { abi, loadState } from 'kho-tools'
import { openImage } from 'kho-tools/node'

const state = loadState(await openImage(process.argv[2]))
for (const { component, outcome, note } of abi(state, process.argv[3])) console.log(component, outcome, note)
