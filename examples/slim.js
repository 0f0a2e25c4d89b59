// What matters of an image, small enough to attach. node slim.js IMAGE
import { diff, loadState, openBytes, slim } from 'kho-tools'
import { openImage } from 'kho-tools/node'

const state = loadState(await openImage(process.argv[2]))
const { bytes } = slim(state.image)
console.log(diff(state, loadState(await openBytes(bytes))).same)
