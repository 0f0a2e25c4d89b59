// The bytes behind a path. node extract.js IMAGE PATH
import { extract, loadState } from 'kho-tools'
import { openImage } from 'kho-tools/node'

const state = loadState(await openImage(process.argv[2]))
const { path, size, missingBytes, bytes } = extract(state, process.argv[3], { partial: true })
console.log(path, size, missingBytes, bytes.byteLength)
