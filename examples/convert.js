// The same state in another ABI. node convert.js IMAGE ABI
import { convert, loadState, openBytes } from 'kho-tools'
import { openImage } from 'kho-tools/node'

const state = loadState(await openImage(process.argv[2]))
const { from, to, losses, bytes } = convert(state, { to: process.argv[3] })
console.log(from, to, losses.length, loadState(await openBytes(bytes)).abi)
